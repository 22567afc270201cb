import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { databases, type TestDatabase } from '../testing/databases.js';
import { openSignIn, page, type SignInWorld } from '../testing/sign-in-world.js';

const clear = 'pipecat_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0';
let world: SignInWorld;

beforeEach(async () => {
  world = await openSignIn(databases[0] as TestDatabase);
});
afterEach(() => world.drop());
const post = (url: string, payload: object, headers: Record<string, string> = page) =>
  world.http.inject({ method: 'POST', url, payload, headers });
const userOf = async (cookie: string) => (await world.sessions.sessionOf(cookie))?.userId;

test('from asking for a code to signing out', async () => {
  const asked = await post('/auth/code', { email: 'ann@acme.example' });
  expect([asked.statusCode, asked.json()]).toEqual([200, { status: 'OK' }]);
  await vi.waitFor(() => expect(world.mails).toHaveLength(1));
  const code = /\d{8}/.exec(world.mails[0]?.text ?? '')?.[0];
  const cookie = String(asked.headers['set-cookie']);
  expect(cookie).toMatch(/^pipecat_code=[0-9a-f]{40}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/);
  const entered = await post('/auth/session', { email: 'ann@acme.example', code }, { ...page, cookie });
  expect(entered.statusCode).toBe(200);
  expect(entered.headers['cache-control']).toBe('no-store');
  expect(entered.body).toBe('{"status":"OK"}');
  const set = String(entered.headers['set-cookie']);
  expect(set).toMatch(/^pipecat_session=[0-9a-f]{40}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=43200$/);
  const sent = set.split(';')[0] ?? '';
  expect(await userOf(sent)).toBe('u1');
  const left = await world.http.inject({ method: 'DELETE', url: '/auth/session', headers: { ...page, cookie: sent } });
  expect([left.statusCode, left.headers['set-cookie']]).toEqual([200, clear]);
  expect(await userOf(sent)).toBeUndefined();
});

test('an unknown address gets the same answer', async () => {
  const known = await post('/auth/code', { email: 'ann@acme.example' });
  const unknown = await post('/auth/code', { email: 'nobody@nowhere.example' });
  expect([unknown.statusCode, unknown.body]).toEqual([known.statusCode, known.body]);
});

test('the set-up link’s code starts a session', async () => {
  const entered = await post('/auth/setup', {
    code: await world.signIn.createSetupCode('u1'),
    email: 'ann@acme.example',
  });
  expect(entered.statusCode).toBe(200);
  expect(await userOf(String(entered.headers['set-cookie']))).toBe('u1');
});

test('a refused code sets no cookie', async () => {
  for (const [url, body] of [
    ['/auth/session', { email: 'ann@acme.example', code: '00000000' }],
    ['/auth/setup', { code: 'guess' }],
  ] as const) {
    const answer = await post(url, body);
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.json()).toMatchObject({ code: '401' });
  }
});

test.each([
  ['/auth/code', { email: 'no address' }],
  ['/auth/session', { email: 'ann@acme.example', code: '1234' }],
  ['/auth/setup', { code: 'x', email: 'nothing' }],
])('%s refuses a malformed body', async (url, body) => {
  expect((await post(url, body)).statusCode).toBe(400);
});

test.each(['/auth/code', '/auth/session', '/auth/setup'])(
  '%s refuses another site’s page before it does anything',
  async (url) => {
    const code = await world.signIn.createSetupCode('u1');
    const answer = await post(url, { email: 'ann@acme.example', code }, { ...page, origin: 'https://evil.example' });
    expect(answer.statusCode).toBe(403);
    expect(await world.signIn.setupPending('u1')).toBe(true);
  },
);
