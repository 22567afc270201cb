import type { FastifyRequest } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { aboutCredential, forbidden, notFound, unauthorized } from '../errors.js';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations } from '../testing/two-organizations.js';
import { createRefusalLog, type RefusalLog } from './refusal-log.js';

const [sqlite] = databases;
let world: TwoOrganizations;
let refusals: RefusalLog;
let failing: boolean;

beforeEach(async () => {
  if (!sqlite) throw new Error('no database');
  world = await openTwoOrganizations(sqlite);
  failing = false;
  refusals = make();
});
afterEach(async () => {
  failing = false;
  await refusals.close();
  await world.drop();
});

function make(limit?: number): RefusalLog {
  const transaction: TwoOrganizations['store']['transaction'] = async (work) => {
    if (failing) throw new Error('the disk is full');
    return await world.store.transaction(work);
  };
  return createRefusalLog({
    ...world,
    store: { transaction },
    log: { warn: () => {} },
    intervalMs: 3_600_000,
    ...(limit ? { limit } : {}),
  });
}

const request = (url: string, more: object = {}) =>
  ({
    method: 'GET',
    routeOptions: { url },
    headers: { 'user-agent': 'curl' },
    ip: '192.0.2.9',
    ...more,
  }) as FastifyRequest;
const expired = (tokenId = 'tok-1', organizationId: string | null = null) =>
  aboutCredential(unauthorized('expired_token', 'It expired'), {
    kind: 'token',
    tokenId,
    organizationId,
    ownerId: 'u1',
  });
const written = async (organizationId: string | null = null) =>
  (await world.store.audit.list(organizationId, 1000)).filter(({ action }) => action.startsWith('access.')).reverse();

test('the same refusal many times over is one record with a count', async () => {
  for (let index = 0; index < 40; index++) {
    refusals.note(request('/v1/tokens'), expired());
    world.clock.advance(10);
  }
  refusals.note(request('/v1/users'), expired());
  expect(await written()).toEqual([]);
  await refusals.flush();
  expect(await written()).toMatchObject([
    {
      actorKind: 'token',
      actorId: 'u1',
      credentialId: 'tok-1',
      address: '192.0.2.9',
      userAgent: 'curl',
      target: 'GET /v1/tokens',
      detail: { reason: 'expired_token', status: 401, count: 40, first: '2026-05-04T10:00:00.000Z' },
    },
    { target: 'GET /v1/users', detail: { count: 1 } },
  ]);
  await refusals.flush();
  expect(await written()).toHaveLength(2);
});

test('what a guesser sends, and what is no refusal of a credential, is not noted', async () => {
  refusals.note(request('/v1/tokens'), unauthorized('unknown_token', 'unknown'));
  refusals.note(request('/v1/tokens'), notFound('Token', 'x'));
  refusals.note(request('/v1/tokens'), new Error('a bug'));
  await refusals.flush();
  expect(await written()).toEqual([]);
});

test('a good credential that may not do this is taken from the request, into the organization of its path', async () => {
  const principal = { kind: 'user', userId: 'u1', via: 'token', token: { id: 'tok-7', parentId: 'tok-6' } };
  const organization = { id: 'org-a' };
  refusals.note(request('/v1/x', { principal, organization }), forbidden('missing_permission', 'no'));
  // As the authorizer says it, before the request knows its organization.
  const early = aboutCredential(forbidden('missing_permission', 'no'), { organizationId: 'org-a' });
  refusals.note(request('/v1/x', { principal }), early);
  await refusals.flush();
  expect(await written('org-a')).toMatchObject([
    {
      actorId: 'u1',
      credentialId: 'tok-7',
      parentCredentialId: 'tok-6',
      detail: { reason: 'missing_permission', status: 403, count: 2 },
    },
  ]);
});

test('each organization gets its own', async () => {
  refusals.note(request('/v1/x'), expired('tok-1', 'org-a'));
  refusals.note(request('/v1/x'), expired('tok-1', 'org-b'));
  await refusals.flush();
  expect([await written('org-a'), await written('org-b')]).toMatchObject([
    [{ detail: { count: 1 } }],
    [{ detail: { count: 1 } }],
  ]);
});

test('memory is bounded; of what is beyond only the number is kept', async () => {
  const small = make(3);
  for (let index = 0; index < 10; index++) small.note(request('/v1/x'), expired(`tok-${index}`));
  small.note(request('/v1/x'), expired('tok-0'));
  await small.close();
  const found = await written();
  expect(found.map(({ detail }) => detail?.count)).toEqual([2, 1, 1, 7]);
  expect(found.at(-1)?.action).toBe('access.refused_uncounted');
});

test('a write that fails is made good by the next one, with nothing counted twice', async () => {
  refusals.note(request('/v1/x'), expired());
  failing = true;
  await expect(refusals.flush()).rejects.toThrow('disk');
  refusals.note(request('/v1/x'), expired());
  failing = false;
  await refusals.flush();
  expect((await written()).map(({ detail }) => detail?.count)).toEqual([2]);
});

test('what is noted is written at the close', async () => {
  refusals.note(request('/v1/x'), expired());
  await refusals.close();
  expect(await written()).toHaveLength(1);
});
