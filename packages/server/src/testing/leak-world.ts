import { randomBytes } from 'node:crypto';
import { formatToken, maskToken } from '@pipecat-cloud/contract/token-format';
import type { Grant } from '@pipecat-cloud/contract/tokens';
import { pino } from 'pino';
import { createCredentialDigests } from '../access/credential-digests.js';
import { composeLeaks } from '../leaks/compose-leaks.js';
import type { Notification } from '../notifications/notify.js';
import type { TestDatabase } from './databases.js';
import { openTwoOrganizations, testKeys } from './two-organizations.js';

/** Two organizations, the leak watch, and what people were told. */
export async function openLeakWorld(database: TestDatabase) {
  const world = await openTwoOrganizations(database);
  const digests = createCredentialDigests(testKeys.peppers);
  const told: Notification[] = [];
  const logged: string[] = [];
  const leaks = composeLeaks({
    ...world,
    digests,
    log: pino({ level: 'trace' }, { write: (line: string) => logged.push(line) }),
    notify: async (_repos, notification) => {
      told.push(notification);
    },
    policyOf: async (organizationId) => (await world.store.policies.find(organizationId)).policy,
    publicUrl: 'http://localhost:7400',
  });
  const createdAt = world.clock.now().toISOString();

  return {
    ...world,
    leaks,
    told,
    logged,
    /** A live token of a person. */
    async token(userId: string, grant: Grant = {}) {
      const value = formatToken('personal', randomBytes(20).toString('hex'));
      const id = crypto.randomUUID();
      const rest = {
        kind: 'personal',
        userId,
        name: 'laptop',
        legacy: false,
        grant,
        createdAt,
        expiresAt: null,
      } as const;
      await world.store.tokens.insert({ ...digests.current(value), ...rest, id, masked: maskToken(value) });
      return { value, id };
    },
    async apiKey(organizationId: string, type: 'private' | 'public') {
      const value = formatToken(type, randomBytes(20).toString('hex'));
      const id = crypto.randomUUID();
      const key = { id, type, name: 'site', masked: maskToken(value), sealed: null, createdAt };
      await world.store.apiKeys.insert(organizationId, { ...digests.current(value), ...key });
      return { value, id };
    },
    async setPolicy(organizationId: string, policy: object) {
      await world.db
        .insertInto('organization_policy')
        .values({
          organization_id: organizationId,
          policy_json: JSON.stringify(policy),
          updated_at: createdAt,
          updated_by: null,
        })
        .execute();
    },
    /** Waits for the watch and returns an organization's findings. */
    async findings(organizationId: string) {
      await leaks.watch.idle();
      return (await world.store.leaks.list(organizationId, { limit: 100, offset: 0 })).findings;
    },
    async end() {
      await leaks.close();
      await world.drop();
    },
  };
}
export type LeakWorld = Awaited<ReturnType<typeof openLeakWorld>>;
