import { formatToken } from '@pipecat-cloud/contract/token-format';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCredentialDigests } from '../access/credential-digests.js';
import { databases } from '../testing/databases.js';
import { type LeakWorld, openLeakWorld } from '../testing/leak-world.js';
import { testActor, testKeys } from '../testing/two-organizations.js';
import type { Revocation } from '../tokens/stored-token.js';
import { composeLeaks } from './compose-leaks.js';

describe.each(databases)('ending a credential by holding it, on $name', (database) => {
  let world: LeakWorld;
  beforeEach(async () => {
    world = await openLeakWorld(database);
  });
  afterEach(() => world.end());

  test('the sign-in of a command line ends once, in the same commit as its record and its message', async () => {
    const value = formatToken('oauth', '1'.repeat(40));
    const ended: Revocation[] = [];
    const leaks = composeLeaks({
      ...world,
      digests: createCredentialDigests(testKeys.peppers),
      log: pino({ enabled: false }),
      notify: async (_repos, notification) => {
        world.told.push(notification);
      },
      policyOf: async (organizationId) => (await world.store.policies.find(organizationId)).policy,
      publicUrl: 'http://localhost:7400',
      loginOf: async (given) =>
        given === value
          ? { userId: 'u1', grantId: 'grant-1', secondFactor: false, expiresAt: '2027-01-01T00:00:00.000Z' }
          : undefined,
      endOauth: async (_repos, given, revocation) => {
        if (given !== value) return undefined;
        ended.push(revocation);
        return { grantId: 'grant-1', userId: 'u1', ended: ended.length === 1 };
      },
    });
    const known = { kind: 'oauth', id: 'grant-1' };
    expect(await leaks.revokeCredential(value, testActor)).toEqual({ status: 'revoked', ...known });
    expect(await leaks.revokeCredential(value, testActor)).toEqual({ status: 'already_ended', ...known });
    expect(ended[0]).toMatchObject({ cause: 'leak', reason: 'reported as leaked' });
    expect(world.told).toMatchObject([{ kind: 'credential.leaked', userIds: ['u1'] }]);
    await leaks.close();
  });

  test('somebody who ends their own token is told of no leak', async () => {
    const { value, id } = await world.token('u1');
    const options = { cause: 'owner', reason: 'revoked by its holder', tellOwner: false } as const;
    expect(await world.leaks.revokeCredential(value, testActor, options)).toMatchObject({ status: 'revoked', id });
    expect(await world.store.tokens.find(id)).toMatchObject({ revokedCause: 'owner', revokedBy: 'u1' });
    expect(world.told).toEqual([]);
  });

  test('a message that cannot be kept leaves the credential as it was', async () => {
    const { value, id } = await world.token('u1');
    const leaks = composeLeaks({
      ...world,
      digests: createCredentialDigests(testKeys.peppers),
      log: pino({ enabled: false }),
      notify: async () => {
        throw new Error('the outbox is full');
      },
      policyOf: async (organizationId) => (await world.store.policies.find(organizationId)).policy,
      publicUrl: 'http://localhost:7400',
    });
    await expect(leaks.revokeCredential(value, testActor)).rejects.toThrow('the outbox is full');
    expect(await world.store.tokens.find(id)).toMatchObject({ revokedAt: null });
    await leaks.close();
  });
});
