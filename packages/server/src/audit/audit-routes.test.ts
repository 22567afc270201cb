import { rm } from 'node:fs/promises';
import type { AuditList, AuditVerification } from '@pipecat-cloud/contract/audit';
import { type AuditLine, createChainChecker, readLine } from '@pipecat-cloud/contract/audit-chain';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Actor } from '../access/principal.js';
import { openForReading } from '../db/open.js';
import { createStore } from '../db/store.js';
import { systemIds } from '../system.js';
import { scratchDatabases } from '../testing/databases.js';
import { createFakeClock, type Harness, harness, type Member, type TestOrganization } from '../testing/harness.js';
import { createAudit } from './audit-service.js';

const hourMs = 60 * 60 * 1000;
const total = 25;

describe.each(scratchDatabases)('the audit log of an organization on $name', ({ create }) => {
  const clock = createFakeClock();
  let scratch: Awaited<ReturnType<typeof create>>;
  let server: Harness;
  let acme: TestOrganization;
  let bolt: TestOrganization;
  let admin: Member;
  const actors: Actor[] = [
    { kind: 'user', id: 'ann', credentialId: null, address: '192.0.2.1' },
    { kind: 'token', id: 'ann', credentialId: 'tok-2', parentCredentialId: 'tok-1', address: '192.0.2.2' },
    { kind: 'apiKey', id: 'key-owner', credentialId: 'tok-1', address: '192.0.2.1' },
  ];
  const actions = ['secret.set_changed', 'SECRET.odd', 'secretary.hired', 'agent.deployed', 'agent_x.y'];

  beforeAll(async () => {
    scratch = await create();
    server = await harness({ clock, ...(scratch.url ? { databaseUrl: scratch.url } : {}) });
    acme = await server.organization('acme');
    bolt = await server.organization('bolt');
    admin = await acme.member('admin');
    const audit = createAudit({ clock, ids: systemIds });
    for (let index = 0; index < total; index++) {
      clock.advance(hourMs);
      await server.store.transaction((repos) =>
        audit.record(repos, actors[index % 3] as Actor, {
          action: actions[index % 5] as string,
          organizationId: acme.id,
          target: `t${index % 4}`,
          detail: { index },
        }),
      );
    }
    await server.store.transaction((repos) =>
      audit.record(repos, actors[0] as Actor, { action: 'secret.of_bolt', organizationId: bolt.id }),
    );
  });
  afterAll(async () => {
    await server.end();
    await scratch.drop();
  });

  const get = (path: string, token = admin.token, org = acme.name) =>
    server.call(token, 'GET', `/v1/organizations/${org}/audit${path}`);
  const list = async (query: string) => (await get(query)).body as AuditList;
  const indexes = async (query: string) => (await list(query)).records.map(({ detail }) => detail?.index);
  const linesOf = (text: string) =>
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => readLine(line) as AuditLine);
  const numbers = (matches: (index: number) => boolean) =>
    Array.from({ length: total }, (_, index) => index)
      .filter(matches)
      .reverse();

  test('pages go from the newest to the oldest, each record once', async () => {
    const seen: number[] = [];
    for (let cursor: number | null | undefined; cursor !== null; ) {
      const page: AuditList = await list(`?limit=10${cursor === undefined ? '' : `&cursor=${cursor}`}`);
      seen.push(...page.records.map(({ seq }) => seq));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(Array.from({ length: total }, (_, index) => total - index));
    expect((await list('?limit=25')).nextCursor).toBeNull();
    expect((await list('?limit=24')).nextCursor).toBe(2);
  });

  test.each<[string, string, (index: number) => boolean]>([
    ['by actor', 'actor=ann', (index) => index % 3 < 2],
    ['by kind of actor', 'actor=apiKey', (index) => index % 3 === 2],
    ['by the beginning of the action, case and all', 'action=secret.', (index) => index % 5 === 0],
    ['by an action with an underscore, which is no wildcard', 'action=agent_', (index) => index % 5 === 4],
    ['by credential', 'credential=tok-2', (index) => index % 3 === 1],
    ['by credential, with what was derived from it', 'credential=tok-1', (index) => index % 3 > 0],
    ['by target', 'target=t3', (index) => index % 4 === 3],
    ['by address', 'address=192.0.2.1', (index) => index % 3 !== 1],
    ['from a time on', 'since=2026-01-01T10:00:00Z', (index) => index >= 9],
    ['before a time', 'until=2026-01-01T10:00:00Z', (index) => index < 9],
    ['in another zone', 'since=2026-01-01T12:00:00%2B02:00', (index) => index >= 9],
    ['all together', 'actor=ann&target=t0&since=2026-01-01T05:00:00Z', (i) => i % 3 < 2 && i % 4 === 0 && i >= 4],
    ['nothing', 'target=nothing', () => false],
  ])('filters %s', async (_, query, matches) => {
    expect(await indexes(`?${query}`)).toEqual(numbers(matches));
  });

  test.each(['since=yesterday', 'limit=0', 'limit=501', 'cursor=0', 'cursor=x', 'frob=1', 'actor='])(
    '%s is refused with 400',
    async (query) => {
      expect((await get(`?${query}`)).status).toBe(400);
    },
  );

  test('the export is the list, oldest first, and anyone can recompute its chain', async () => {
    const answer = await get('/export');
    expect(answer.headers).toMatchObject({
      'content-type': 'application/x-ndjson; charset=utf-8',
      'cache-control': 'no-store',
      'content-disposition': 'attachment; filename="audit-acme.jsonl"',
    });
    const lines = linesOf(answer.body);
    expect(lines).toEqual((await list('?limit=500')).records.toReversed());
    const checker = createChainChecker();
    expect(lines.map((line) => checker.add(line))).toEqual(lines.map(() => undefined));
  });

  test('an export of a time has no gaps', async () => {
    const { body } = await get('/export?since=2026-01-01T10:00:00Z&until=2026-01-01T15:00:00Z');
    expect(linesOf(body).map(({ detail }) => detail?.index)).toEqual([9, 10, 11, 12, 13]);
    expect((await get('/export?until=2020-01-01T00:00:00Z')).body).toBe('');
    expect((await get('/export?since=x')).status).toBe(400);
  });

  test('verification answers where the chain stands', async () => {
    const { body } = await get('/verify');
    const [newest] = (await list('?limit=1')).records;
    expect(body as AuditVerification).toEqual({ ok: true, records: total, from: 1, to: total, headHash: newest?.hash });
  });

  test.each(['', '/export', '/verify'])('%s is for those who hold audit:read in this organization', async (path) => {
    const developer = await acme.member('developer');
    const narrow = await acme.member('admin', { permissions: ['org:read'] });
    const stranger = await bolt.member('owner');
    expect(await get(path, developer.token)).toMatchObject({ status: 403, body: { reason: 'missing_permission' } });
    expect(await get(path, narrow.token)).toMatchObject({ status: 403, body: { reason: 'missing_permission' } });
    expect(await get(path, stranger.token)).toMatchObject({ status: 403, body: { reason: 'wrong_organization' } });
    expect(await get(path, stranger.token, 'nowhere')).toMatchObject({
      status: 403,
      body: { reason: 'wrong_organization' },
    });
    const reader = await acme.member('admin', { permissions: ['audit:read'] });
    expect((await get(path, reader.token)).status).toBe(200);
  });

  test('another organization sees its own records only', async () => {
    const owner = await bolt.member('owner');
    const { body } = await get('', owner.token, 'bolt');
    expect((body as AuditList).records.map(({ action }) => action)).toEqual(['secret.of_bolt']);
    expect((await get('/export', owner.token, 'bolt')).body).not.toContain(acme.id);
  });

  test('people are found by their address, and ids come with what they are called', async () => {
    await server.call(admin.token, 'PUT', '/v1/organizations/acme/secrets/prod', { secretKey: 'A', secretValue: 'b' });
    const { email } = (await server.store.accounts.find(admin.userId)) ?? {};
    const { records, names } = await list(`?actor=${encodeURIComponent(email?.toUpperCase() ?? '')}`);
    expect(records.map(({ action }) => action)).toEqual(['secret.set_created']);
    expect(names).toEqual({ [admin.userId]: email, [admin.tokenId]: 'admin of acme' });
    expect((await list('?actor=nobody@nowhere.example')).records).toEqual([]);
    const stranger = await bolt.member('owner');
    expect(((await get('', stranger.token, 'bolt')).body as AuditList).names).toEqual({});
  });
});

test('a refused permission stands in the log once the server has closed', async () => {
  const server = await harness();
  const acme = await server.organization('acme');
  const viewer = await acme.member('viewer');
  for (let index = 0; index < 3; index++) {
    await server.call(viewer.token, 'PUT', '/v1/organizations/acme/secrets/prod', { secretKey: 'A', secretValue: 'b' });
  }
  await server.close();
  const opened = openForReading(server.config.database);
  const { audit } = createStore(opened);
  const found = [...(await audit.list(null, 100)), ...(await audit.list(acme.id, 100))];
  await opened.db.destroy();
  await rm(server.directory, { recursive: true });
  const refused = found.filter(({ action }) => action === 'access.refused');
  expect(refused.reduce((sum, { detail }) => sum + (detail?.count as number), 0)).toBe(3);
  expect(refused[0]).toMatchObject({
    actorId: viewer.userId,
    credentialId: viewer.tokenId,
    target: 'PUT /v1/organizations/:org/secrets/:set',
    detail: { reason: 'missing_permission' },
  });
});
