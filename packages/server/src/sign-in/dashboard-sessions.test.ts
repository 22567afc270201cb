import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { databases, type TestDatabase } from '../testing/databases.js';
import { openSignIn, type SignInWorld, type TestBrowser } from '../testing/sign-in-world.js';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const ann = 'ann@acme.example';
const bob = 'bob@bolt.example';
const url = '/v1/users/self/sessions';

const writes = [
  ['DELETE', url],
  ['DELETE', `${url}/x`],
  ['PUT', '/v1/users/self/password'],
  ['DELETE', '/v1/users/self/password'],
  ['POST', '/v1/users/self/passkeys/options'],
  ['POST', '/v1/users/self/passkeys'],
  ['PATCH', '/v1/users/self/passkeys/x'],
  ['DELETE', '/v1/users/self/passkeys/x'],
  ['POST', '/v1/users/self/recovery-codes'],
  ['POST', '/v1/users/self/step-up/code'],
  ['POST', '/v1/users/self/step-up/passkey-options'],
  ['POST', '/v1/users/self/step-up'],
  ['POST', '/auth/password'],
  ['POST', '/auth/passkey/options'],
  ['POST', '/auth/passkey'],
  ['DELETE', '/auth/session'],
] as const;

describe.each(databases)('dashboard sessions on $name', (database) => {
  let world: SignInWorld;
  beforeEach(async () => {
    world = await openSignIn(database);
  });
  afterEach(() => world.drop());
  const list = async (tab: TestBrowser) => (await tab.send('GET', url)).body.sessions as Record<string, unknown>[];
  const isIn = async (tab: TestBrowser) => (await tab.send('GET', url)).status === 200;

  test('a person sees their own sessions and which one is this', async () => {
    const laptop = await world.signedIn(ann, '192.0.2.1');
    const phone = await world.signedIn(ann, '192.0.2.2');
    await world.signedIn(bob);
    const sessions = await list(phone);
    expect(sessions).toHaveLength(2);
    expect(sessions.find(({ current }) => current)).toMatchObject({
      address: '192.0.2.2',
      userAgent: 'lightMyRequest',
      factors: ['email'],
      secondFactor: false,
      createdAt: world.clock.now().toISOString(),
      lastSeenAt: world.clock.now().toISOString(),
      expiresAt: new Date(world.clock.now().getTime() + 12 * hourMs).toISOString(),
    });
    expect(JSON.stringify(sessions)).not.toContain(laptop.jar.get('pipecat_session'));
  });

  test('a person ends one session, or all but this one', async () => {
    const [a, b, c] = [await world.signedIn(ann), await world.signedIn(ann), await world.signedIn(ann)];
    const other = await world.signedIn(bob);
    const id = (await list(b)).find(({ current }) => current)?.id;
    expect((await a.send('DELETE', `${url}/${id}`)).status).toBe(200);
    expect([await isIn(a), await isIn(b), await isIn(c)]).toEqual([true, false, true]);
    expect((await a.send('DELETE', url)).status).toBe(200);
    expect([await isIn(a), await isIn(c), await isIn(other)]).toEqual([true, false, true]);
  });

  test('another person’s session is not there to be ended', async () => {
    const a = await world.signedIn(ann);
    const b = await world.signedIn(bob);
    const id = (await list(b))[0]?.id;
    expect((await a.send('DELETE', `${url}/${id}`)).status).toBe(404);
    expect(await isIn(b)).toBe(true);
  });

  test('a session that nobody uses ends after two hours; used, it lives twelve and no longer', async () => {
    const idle = await world.signedIn(ann);
    const used = await world.signedIn(ann);
    for (let hours = 1; hours < 12; hours++) {
      world.clock.advance(hourMs);
      expect(await isIn(used)).toBe(true);
      await world.sessions.flush();
      if (hours === 2) expect(await isIn(idle)).toBe(false);
    }
    world.clock.advance(hourMs - 1);
    expect(await isIn(used)).toBe(true);
    await world.sessions.flush();
    world.clock.advance(1);
    expect(await isIn(used)).toBe(false);
    await world.prune();
    expect(await world.db.selectFrom('dashboard_session').selectAll().execute()).toEqual([]);
  });

  test('using a session writes nothing at once, and last seen at most once a minute', async () => {
    const tab = await world.signedIn(ann);
    const seen = async () =>
      (await world.db.selectFrom('dashboard_session').select('last_seen_at').execute())[0]?.last_seen_at;
    const first = await seen();
    world.clock.advance(minuteMs - 1);
    await isIn(tab);
    await world.sessions.flush();
    expect(await seen()).toBe(first);
    world.clock.advance(1);
    await isIn(tab);
    expect(await seen()).toBe(first);
    await world.sessions.flush();
    expect(await seen()).toBe(world.clock.now().toISOString());
  });

  test('a value that was planted before sign-in or step-up is worth nothing afterwards', async () => {
    const tab = world.browser();
    const planted = 'a'.repeat(40);
    tab.jar.set('pipecat_session', planted);
    const before = world.mails.length;
    await tab.send('POST', '/auth/code', { email: ann });
    await tab.send('POST', '/auth/session', { email: ann, code: await world.mailedCode(ann, before) });
    const first = tab.jar.get('pipecat_session') ?? '';
    expect(first).not.toBe(planted);
    await world.confirmByEmail(tab, ann);
    const second = tab.jar.get('pipecat_session') ?? '';
    expect(second).not.toBe(first);
    const old = world.browser();
    for (const value of [planted, first]) {
      old.jar.set('pipecat_session', value);
      expect(await isIn(old)).toBe(false);
    }
    expect(await isIn(tab)).toBe(true);
  });

  test('a step-up does not prolong a session', async () => {
    const tab = await world.signedIn(ann);
    world.clock.advance(hourMs);
    const before = world.mails.length;
    await tab.send('POST', '/v1/users/self/step-up/code', {});
    const code = await world.mailedCode(ann, before);
    const answer = await tab.send('POST', '/v1/users/self/step-up', { code });
    expect(answer.headers['set-cookie']).toMatch(/; Max-Age=39600$/);
  });

  test('a code of one session steps no other one up, and none twice', async () => {
    const [mine, other] = [await world.signedIn(ann), await world.signedIn(ann)];
    const before = world.mails.length;
    await mine.send('POST', '/v1/users/self/step-up/code', {});
    const code = await world.mailedCode(ann, before);
    expect((await other.send('POST', '/v1/users/self/step-up', { code })).status).toBe(403);
    expect((await mine.send('POST', '/v1/users/self/step-up', { code })).status).toBe(200);
    expect((await mine.send('POST', '/v1/users/self/step-up', { code })).status).toBe(403);
    // Nor does it sign anybody in.
    expect((await world.browser().send('POST', '/auth/session', { email: ann, code })).status).toBe(401);
  });

  test('the mailbox twice is one factor', async () => {
    const tab = await world.signedIn(ann);
    await world.confirmByEmail(tab, ann);
    const facts = (await tab.send('GET', '/v1/users/self/security')).body;
    expect(facts).toMatchObject({ factors: ['email'], secondFactor: false, recentlySignedIn: true });
  });

  test('two who step the same session up at once: one wins, the other is told', async () => {
    const tab = await world.signedIn(ann);
    const session = (await list(tab))[0]?.id as string;
    const stored = await world.sessions.current('u1', session);
    const tries = [1, 2].map(() => world.store.transaction((repos) => world.sessions.stepUp(repos, stored, 'email')));
    const results = await Promise.allSettled(tries);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('answers about a person stay in no cache', async () => {
    const answer = await (await world.signedIn(ann)).send('GET', url);
    expect(answer.headers['cache-control']).toBe('no-store');
  });
});

test('every write refuses another site’s page', async () => {
  const world = await openSignIn(databases[0] as TestDatabase);
  try {
    const tab = await world.signedIn(ann);
    for (const [method, path] of writes) {
      for (const extra of [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'x-pipecat-csrf': '0' }]) {
        const answer = await tab.send(method, path, {}, extra);
        expect([method, path, answer.status, answer.body.error]).toEqual([
          method,
          path,
          403,
          expect.stringContaining('own page'),
        ]);
      }
    }
    expect(await world.sessions.sessionOf(tab.cookie())).toMatchObject({ userId: 'u1' });
  } finally {
    await world.drop();
  }
});
