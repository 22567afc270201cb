import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { formatToken } from '@pipecat-cloud/contract/token-format';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Notification } from '../notifications/notify.js';
import { scratchDatabases } from '../testing/databases.js';
import { createFakeClock, type Harness, harness, type Member, type TestOrganization } from '../testing/harness.js';

const fresh = (kind: Parameters<typeof formatToken>[0] = 'personal') =>
  formatToken(kind, randomBytes(20).toString('hex'));

describe.each(scratchDatabases)('the leak desk on $name', ({ create }) => {
  const clock = createFakeClock();
  const told: Notification[] = [];
  const logged: string[] = [];
  let database: Awaited<ReturnType<typeof create>>;
  let server: Harness;
  let ours: TestOrganization;
  let owner: Member;

  beforeAll(async () => {
    database = await create();
    server = await harness({
      clock,
      ...(database.url ? { databaseUrl: database.url } : {}),
      notify: async (_repos, notification) => {
        told.push(notification);
      },
      log: pino({ level: 'trace' }, { write: (line: string) => logged.push(line) }),
    });
    ours = await server.organization('ours');
    owner = await ours.member('owner');
  });
  afterAll(async () => {
    await server.end();
    await database.drop();
  });

  /** Each test from an address of its own: the desk throttles by address. */
  let addresses = 0;
  function desk() {
    const remoteAddress = `192.0.2.${++addresses}`;
    return async (credentials: unknown, more: Record<string, unknown> = {}) => {
      const answer = await server.http.inject({
        method: 'POST',
        url: '/v1/credentials/revoke',
        remoteAddress,
        payload: { credentials, ...more } as object,
      });
      return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
    };
  }
  const accepted = async (token: string) => (await server.call(token, 'GET', '/v1/users')).status === 200;
  const auditOf = async (organizationId: string) => await server.store.audit.list(organizationId, 100);

  test('ends a personal token for whoever holds it, and tells its owner', async () => {
    const { token, tokenId, userId } = await ours.member('developer');
    expect(await accepted(token)).toBe(true);
    const { status, headers, body } = await desk()([token], { url: 'https://forge.example/file' });
    expect({ status, body }).toEqual({
      status: 200,
      body: { results: [{ status: 'revoked', kind: 'personal', id: tokenId }] },
    });
    expect(headers['cache-control']).toBe('no-store');
    expect(await accepted(token)).toBe(false);
    const refused = await server.call(token, 'GET', '/v1/users');
    expect(refused.body).toMatchObject({
      reason: 'revoked_token',
      error: expect.stringContaining('reported as leaked'),
    });
    expect(await server.store.tokens.find(tokenId)).toMatchObject({ revokedCause: 'leak' });
    expect(told.at(-1)).toMatchObject({ kind: 'credential.leaked', organizationId: null, userIds: [userId] });
    expect(JSON.stringify(told)).not.toContain('forge.example');
  });

  test('ends what was derived from it too', async () => {
    const { token, tokenId, userId } = await ours.member('developer');
    const child = fresh();
    await server.store.tokens.insert({
      ...server.digests.current(child),
      id: crypto.randomUUID(),
      kind: 'personal',
      userId,
      name: 'child',
      masked: '…',
      legacy: false,
      grant: {},
      createdAt: clock.now().toISOString(),
      expiresAt: null,
      parentId: tokenId,
    });
    expect(await accepted(child)).toBe(true);
    await desk()([token]);
    expect(await accepted(child)).toBe(false);
  });

  test('ends a private key, and tells its organization; what the reporter says is in the audit log, without the value', async () => {
    const made = await server.call(owner.token, 'POST', '/v1/organizations/ours/apiKeys', {
      name: 'k',
      type: 'private',
    });
    const value = made.body.key as string;
    const { body } = await desk()([value], {
      reporter: 'Ann',
      url: 'https://forge.example/x',
      notes: `it is ${value}`,
    });
    expect(body.results).toEqual([{ status: 'revoked', kind: 'private', id: made.body.id }]);
    expect(told.at(-1)).toMatchObject({ kind: 'credential.leaked', organizationId: ours.id });
    const record = (await auditOf(ours.id)).find(({ action }) => action === 'api_key.revoked');
    expect(record).toMatchObject({
      actorKind: 'nobody',
      target: made.body.id,
      detail: {
        cause: 'leak',
        report: { reporter: 'Ann', url: 'https://forge.example/x', notes: 'it is sk_[redacted]' },
      },
    });
    expect(JSON.stringify(await server.store.apiKeys.find(ours.id, made.body.id))).toContain(clock.now().toISOString());
  });

  test("ends a service account's token", async () => {
    const serviceAccountId = crypto.randomUUID();
    await insertServiceAccount(server, ours.id, serviceAccountId);
    const value = fresh('serviceAccount');
    const id = crypto.randomUUID();
    await server.store.tokens.insert({
      ...server.digests.current(value),
      id,
      kind: 'serviceAccount',
      userId: null,
      serviceAccount: { id: serviceAccountId, organizationId: ours.id },
      name: 'deploy',
      masked: '…',
      legacy: false,
      grant: {},
      createdAt: clock.now().toISOString(),
      expiresAt: null,
    });
    expect((await desk()([value])).body.results).toEqual([{ status: 'revoked', kind: 'serviceAccount', id }]);
    expect(told.at(-1)).toMatchObject({ organizationId: ours.id });
    expect((await auditOf(ours.id)).find(({ target }) => target === id)).toMatchObject({ action: 'token.revoked' });
  });

  test('says of each value what became of it, in order, equal ones alike', async () => {
    const live = await ours.member('viewer');
    const expired = await ours.member('viewer', {}, clock.now().toISOString());
    const unknown = fresh();
    const cut = unknown.slice(0, -1);
    const { body } = await desk()([
      unknown,
      live.token,
      cut,
      'rubbish',
      live.token,
      expired.token,
      fresh('oauth'),
      fresh('worker'),
    ]);
    expect(body.results).toEqual([
      { status: 'unknown', kind: 'personal' },
      { status: 'revoked', kind: 'personal', id: live.tokenId },
      { status: 'malformed' },
      { status: 'malformed' },
      { status: 'revoked', kind: 'personal', id: live.tokenId },
      { status: 'already_ended', kind: 'personal', id: expired.tokenId },
      { status: 'unknown', kind: 'oauth' },
      { status: 'malformed' },
    ]);
    expect((await desk()([live.token])).body.results).toEqual([
      { status: 'already_ended', kind: 'personal', id: live.tokenId },
    ]);
  });

  test('leaves a public key, which every visitor of its page could hand in', async () => {
    const made = await server.call(owner.token, 'POST', '/v1/organizations/ours/apiKeys', {
      name: 'p',
      type: 'public',
    });
    expect((await desk()([made.body.key])).body.results).toEqual([{ status: 'not_secret', kind: 'public' }]);
    expect(await server.store.apiKeys.find(ours.id, made.body.id)).toMatchObject({ revokedAt: null });
  });

  test('of two reports at once, one ends it, one alert goes out', async () => {
    const { token, tokenId } = await ours.member('viewer');
    const before = told.length;
    const reports = await Promise.all(Array.from({ length: 8 }, () => desk()([token])));
    const statuses = reports.map(({ body }) => body.results[0].status).sort();
    expect(statuses).toEqual([...Array(7).fill('already_ended'), 'revoked']);
    expect(told.slice(before).filter(({ data }) => data.credentialId === tokenId)).toHaveLength(1);
  });

  test('nothing is accepted once the answer is there, however many ask at the same time', async () => {
    const { token } = await ours.member('viewer');
    let answered = false;
    let before = 0;
    let after = 0;
    let begun = () => {};
    const accepting = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const hammer = async () => {
      for (let rest = 20; rest > 0; ) {
        // A caller in the same process would keep everybody else from their turn.
        await setImmediate();
        const late = answered;
        const good = await accepted(token);
        if (good && late) after++;
        else if (good) before++;
        if (before > 20) begun();
        if (late) rest--;
      }
    };
    const hammers = Array.from({ length: 50 }, hammer);
    await accepting;
    expect((await desk()([token])).body.results[0].status).toBe('revoked');
    answered = true;
    await Promise.all(hammers);
    expect(before).toBeGreaterThan(0);
    expect(after).toBe(0);
  });

  test('takes a thousand values and no more, and nothing that is no list of texts', async () => {
    const send = desk();
    const thousand = Array.from({ length: 1000 }, () => 'pcc_pat_x');
    expect((await send(thousand)).body.results).toHaveLength(1000);
    for (const wrong of [[...thousand, 'x'], [], ['x'.repeat(1025)], [1], 'x', undefined]) {
      expect((await send(wrong)).status).toBe(400);
    }
    expect((await send(['x'], { more: 1 })).status).toBe(400);
    expect((await send(['x'], { notes: 'x'.repeat(2001) })).status).toBe(400);
    expect((await send(Array.from({ length: 600 }, () => 'x'.repeat(1000)))).status).toBe(413);
  });

  test('throttles unknown values by address; malformed ones and public keys cost nothing', async () => {
    const send = desk();
    for (let n = 0; n < 5; n++) {
      const rubbish = Array.from({ length: 1000 }, (_, index) => `pcc_pat_${n}_${index}`);
      expect((await send(rubbish)).status).toBe(200);
      expect((await send(Array.from({ length: 1000 }, () => fresh('public')))).status).toBe(200);
    }
    expect((await send(Array.from({ length: 299 }, () => fresh()))).status).toBe(200);
    const { token } = await ours.member('viewer');
    // What is known here is given back.
    expect((await send([token])).body.results[0].status).toBe('revoked');
    expect((await send([fresh()])).status).toBe(200);
    const refused = await send([fresh()]);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await send(['rubbish'])).status).toBe(200);
    expect((await desk()([fresh()])).status).toBe(200);
    clock.advance(60_000);
    expect((await send([fresh()])).status).toBe(200);
  });

  test('requests at the same time share one account', async () => {
    const send = desk();
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => send(Array.from({ length: 150 }, () => fresh()))),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
  });

  test('no value is in any line of the log', async () => {
    const { token } = await ours.member('viewer');
    const unknown = fresh();
    const send = desk();
    await send([token, unknown, unknown.slice(0, -2)]);
    await send([{ token: unknown }]);
    await send(`${unknown} `.repeat(3));
    expect(logged.length).toBeGreaterThan(0);
    for (const value of [token, unknown]) expect(logged.join('')).not.toContain(value.slice(8, 40));
  });
});

async function insertServiceAccount(server: Harness, organizationId: string, id: string): Promise<void> {
  const { openDatabase } = await import('../db/open.js');
  const { db } = await openDatabase(server.config.database);
  await db
    .insertInto('service_account')
    .values({
      id,
      organization_id: organizationId,
      name: 'ci',
      description: '',
      role: 'developer',
      created_at: new Date(0).toISOString(),
      created_by: null,
      disabled_at: null,
      deleted_at: null,
    })
    .execute();
  await db.destroy();
}
