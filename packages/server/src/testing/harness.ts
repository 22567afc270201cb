import { randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Role } from '@pipecat-cloud/contract/permissions';
import { formatToken, maskToken } from '@pipecat-cloud/contract/token-format';
import type { Grant } from '@pipecat-cloud/contract/tokens';
import { type Logger, pino } from 'pino';
import { createCredentialDigests } from '../access/credential-digests.js';
import { type ControlPlane, compose, type Overrides } from '../compose.js';
import { type Config, readConfig } from '../config/config.js';
import type { Environment } from '../config/env.js';
import { openKeys } from '../config/keys.js';
import { expectDocumented } from './documented.js';

/** A clock that stands still until it is told otherwise. */
export function createFakeClock(start = '2026-01-01T00:00:00.000Z') {
  let now = new Date(start).getTime();
  return {
    now: () => new Date(now),
    advance: (ms: number) => {
      now += ms;
    },
  };
}

export interface Member {
  userId: string;
  token: string;
  tokenId: string;
}
export interface TestOrganization {
  id: string;
  name: string;
  member(role: Role, grant?: Grant, expiresAt?: string): Promise<Member>;
}

/** A whole control plane on SQLite in a folder of its own, with two organizations that know nothing of each other. */
export async function harness(
  /** `directory`: of another control plane with the same keys. */
  overrides: Overrides & {
    log?: Logger;
    databaseUrl?: string;
    directory?: string;
    environment?: Environment;
  } = {},
) {
  const directory = overrides.directory ?? (await mkdtemp(join(tmpdir(), 'pipecat-cloud-server-')));
  const migrated = process.env.PIPECAT_CLOUD_TEST_SQLITE_TEMPLATE;
  // Another's folder has its database already.
  if (migrated && !overrides.directory) await copyFile(migrated, join(directory, 'pipecat-cloud.db'));
  const config: Config = readConfig({
    PORT: '0',
    PIPECAT_CLOUD_DATA_DIR: directory,
    PIPECAT_CLOUD_PUBLIC_URL: 'http://localhost:7400',
    PIPECAT_CLOUD_BOOTSTRAP_EMAIL: 'owner@example.com',
    PIPECAT_CLOUD_BOOTSTRAP_ORG: 'first',
    ...(overrides.databaseUrl ? { PIPECAT_CLOUD_DATABASE_URL: overrides.databaseUrl } : {}),
    ...overrides.environment,
  });
  const clock = overrides.clock ?? createFakeClock();
  const keys = await openKeys(join(directory, 'keys.json'));
  const digests = createCredentialDigests(keys.peppers);
  const plane: ControlPlane = await compose(config, keys, overrides.log ?? pino({ enabled: false }), {
    ...overrides,
    clock,
  });
  const { store } = plane;

  async function organization(name: string): Promise<TestOrganization> {
    const id = crypto.randomUUID();
    await store.organizations.insert({ id, name, verboseName: name, defaultRegion: config.region.code }, clock.now());
    return {
      id,
      name,
      async member(role, grant = {}, expiresAt) {
        const userId = crypto.randomUUID();
        const email = `${userId}@${name}.example`;
        await store.accounts.insert({ id: userId, email, defaultOrganizationId: id }, clock.now());
        await store.organizations.addMember(id, userId, role, clock.now());
        const token = formatToken('personal', randomBytes(20).toString('hex'));
        const tokenId = crypto.randomUUID();
        await store.tokens.insert({
          ...digests.current(token),
          id: tokenId,
          kind: 'personal',
          userId,
          name: `${role} of ${name}`,
          masked: maskToken(token),
          legacy: false,
          // Stored by id, as services do; tests name organizations.
          grant: grant.organizations
            ? {
                ...grant,
                organizations: await Promise.all(
                  grant.organizations.map(async (o) => (await store.organizations.findByName(o))?.id ?? o),
                ),
              }
            : grant,
          createdAt: clock.now().toISOString(),
          expiresAt: expiresAt ?? null,
        });
        return { userId, token, tokenId };
      },
    };
  }

  return {
    ...plane,
    config,
    directory,
    digests,
    organization,
    /** One request; the body is parsed where it is JSON. */
    async call(
      token: string | undefined,
      method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS',
      url: string,
      body?: unknown,
    ) {
      const answer = await plane.http.inject({
        method,
        url,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { payload: body as object }),
      });
      expectDocumented(method, url, answer.statusCode);
      const json = /[/+]json\b/.test(answer.headers['content-type']?.toString() ?? '');
      return { status: answer.statusCode, headers: answer.headers, body: json ? answer.json() : answer.body };
    },
    async end() {
      await plane.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
export type Harness = Awaited<ReturnType<typeof harness>>;
