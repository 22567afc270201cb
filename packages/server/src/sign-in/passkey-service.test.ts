import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { databases, type TestDatabase } from '../testing/databases.js';
import { openSignIn, page, publicUrl, type SignInWorld, type TestBrowser } from '../testing/sign-in-world.js';
import { createVirtualAuthenticator, type VirtualAuthenticator } from '../testing/virtual-authenticator.js';
import { passkeySiteOf } from './passkey-site.js';

const ann = 'ann@acme.example';
const bob = 'bob@bolt.example';
const url = '/v1/users/self/passkeys';
const minuteMs = 60_000;

describe.each(databases)('passkeys on $name', (database) => {
  let world: SignInWorld;
  beforeEach(async () => {
    world = await openSignIn(database);
  });
  afterEach(() => world.drop());
  const newKey = () => createVirtualAuthenticator({ origin: publicUrl, id: 'localhost' });
  const facts = async (tab: TestBrowser) => (await tab.send('GET', '/v1/users/self/security')).body;
  async function add(tab: TestBrowser, key: VirtualAuthenticator, name = 'Laptop', answering = {}) {
    const options = await tab.send('POST', `${url}/options`, {});
    if (options.status !== 200) return options;
    return await tab.send('POST', url, { name, response: key.register(options.body, answering) });
  }
  async function withPasskey(email = ann) {
    const key = newKey();
    const tab = await world.signedIn(email);
    const added = await add(tab, key);
    expect(added.status).toBe(200);
    return { key, tab, id: added.body.passkey.id as string };
  }
  const challenge = async (tab: TestBrowser) => (await tab.send('POST', '/auth/passkey/options', {})).body;
  const enter = (tab: TestBrowser, response: object) => tab.send('POST', '/auth/passkey', { response });

  test('registered, it signs in by itself and counts as two factors', async () => {
    const { key, id } = await withPasskey();
    const tab = world.browser();
    const options = await challenge(tab);
    expect(options.options).toMatchObject({ rpId: 'localhost', userVerification: 'required' });
    expect(options.options.allowCredentials ?? []).toEqual([]);
    expect((await enter(tab, key.answer(options))).status).toBe(200);
    expect(await facts(tab)).toMatchObject({ email: ann, factors: ['passkey'], secondFactor: true, passkeys: 1 });
    expect((await tab.send('GET', url)).body.passkeys).toEqual([
      {
        id,
        name: 'Laptop',
        backedUp: false,
        createdAt: expect.any(String),
        lastUsedAt: world.clock.now().toISOString(),
      },
    ]);
  });

  test('a session by code becomes two factors with it', async () => {
    const { key } = await withPasskey();
    const tab = await world.signedIn(ann);
    expect((await facts(tab)).stepUp).toContainEqual({ by: 'passkey', secondFactor: true });
    const options = (await tab.send('POST', '/v1/users/self/step-up/passkey-options', {})).body;
    expect(options.options.allowCredentials).toHaveLength(1);
    expect((await tab.send('POST', '/v1/users/self/step-up', { passkey: key.answer(options) })).status).toBe(200);
    expect(await facts(tab)).toMatchObject({ factors: ['email', 'passkey'], secondFactor: true });
  });

  test('a challenge is answered once', async () => {
    const { key } = await withPasskey();
    const tab = world.browser();
    const options = await challenge(tab);
    const kept = tab.cookie();
    const response = key.answer(options);
    expect((await enter(tab, response)).status).toBe(200);
    const replay = world.browser();
    expect((await replay.send('POST', '/auth/passkey', { response }, { cookie: kept })).status).toBe(401);
    expect(
      (await replay.send('POST', '/auth/passkey', { response: key.answer(options) }, { cookie: kept })).status,
    ).toBe(401);
  });

  test('two answers to one challenge at once sign in once', async () => {
    const { key } = await withPasskey();
    const tab = world.browser();
    const options = await challenge(tab);
    const kept = tab.cookie();
    const answers = await Promise.all(
      [1, 2, 3].map((counter) =>
        world.browser().send('POST', '/auth/passkey', { response: key.answer(options, { counter }) }, { cookie: kept }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
  });

  test('a challenge is good for five minutes, and for the browser that asked', async () => {
    const { key } = await withPasskey();
    const [asked, other] = [world.browser(), world.browser()];
    const options = await challenge(asked);
    await challenge(other);
    expect((await enter(other, key.answer(options))).status).toBe(401);
    expect((await enter(world.browser(), key.answer(options))).status).toBe(401);
    world.clock.advance(5 * minuteMs);
    expect((await enter(asked, key.answer(options))).status).toBe(401);
  });

  test('a challenge of one purpose serves no other', async () => {
    const { key } = await withPasskey();
    const tab = await world.signedIn(ann);
    const stepUp = (await tab.send('POST', '/v1/users/self/step-up/passkey-options', {})).body;
    expect((await enter(tab, key.answer(stepUp))).status).toBe(401);
    const signIn = await challenge(tab);
    expect((await tab.send('POST', '/v1/users/self/step-up', { passkey: key.answer(signIn) })).status).toBe(403);
  });

  test.each([
    ['without user verification', { userVerified: false }],
    ['for another site', { origin: 'https://evil.example' }],
    ['naming somebody else', { userHandle: Buffer.from('u2').toString('base64url') }],
  ])('an answer %s is refused', async (_why, answering) => {
    const { key } = await withPasskey();
    const tab = world.browser();
    expect((await enter(tab, key.answer(await challenge(tab), answering))).status).toBe(401);
    expect(tab.jar.has('pipecat_session')).toBe(false);
  });

  test('another signature is refused', async () => {
    const { key } = await withPasskey();
    const stranger = newKey();
    const tab = await world.signedIn(bob);
    stranger.register((await tab.send('POST', `${url}/options`, {})).body);
    const fresh = world.browser();
    const options = await challenge(fresh);
    const forged = { ...key.answer(options), response: { ...stranger.answer(options).response } };
    expect((await enter(fresh, forged)).status).toBe(401);
  });

  test('another person’s passkey steps nobody up', async () => {
    const { key } = await withPasskey(bob);
    const tab = await world.signedIn(ann);
    const options = (await tab.send('POST', '/v1/users/self/step-up/passkey-options', {})).body;
    expect((await tab.send('POST', '/v1/users/self/step-up', { passkey: key.answer(options) })).status).toBe(403);
    expect((await facts(tab)).secondFactor).toBe(false);
  });

  test('a counter that does not grow means a copy: refused, recorded and told', async () => {
    const { key } = await withPasskey();
    const enterAt = async (counter: number) => {
      const tab = world.browser();
      return (await enter(tab, key.answer(await challenge(tab), { counter }))).status;
    };
    expect([await enterAt(5), await enterAt(5), await enterAt(4), await enterAt(0), await enterAt(6)]).toEqual([
      200, 401, 401, 401, 200,
    ]);
    const records = await world.db
      .selectFrom('audit')
      .select('action')
      .where('action', '=', 'passkey.counter_refused')
      .execute();
    expect(records).toHaveLength(3);
    await vi.waitFor(() => expect(world.mails.filter(({ text }) => text.includes('copy'))).toHaveLength(3));
  });

  test('an authenticator without a counter goes on working', async () => {
    const { key } = await withPasskey();
    for (let n = 0; n < 2; n++) {
      const tab = world.browser();
      expect((await enter(tab, key.answer(await challenge(tab), { counter: 0 }))).status).toBe(200);
    }
  });

  test('the first needs a sign-in of the last ten minutes', async () => {
    const tab = await world.signedIn(ann);
    world.clock.advance(10 * minuteMs);
    expect((await add(tab, newKey())).body).toMatchObject({ reason: 'recent_sign_in_required' });
    await world.confirmByEmail(tab, ann);
    expect((await add(tab, newKey())).status).toBe(200);
  });

  test('who holds the mailbox alone neither adds a second one nor removes the first', async () => {
    const { key, id } = await withPasskey();
    const thief = await world.signedIn(ann);
    expect((await add(thief, newKey())).body).toMatchObject({ reason: 'second_factor_required' });
    expect((await thief.send('DELETE', `${url}/${id}`)).body).toMatchObject({ reason: 'second_factor_required' });
    const owner = world.browser();
    await enter(owner, key.answer(await challenge(owner)));
    expect((await add(owner, newKey(), 'Phone')).status).toBe(200);
    expect((await owner.send('DELETE', `${url}/${id}`)).status).toBe(200);
  });

  test('a registration without user verification, of another site or with a used challenge is refused', async () => {
    const tab = await world.signedIn(ann);
    for (const answering of [{ userVerified: false }, { origin: 'https://evil.example' }]) {
      expect((await add(tab, newKey(), 'x', answering)).status).toBe(400);
    }
    const options = (await tab.send('POST', `${url}/options`, {})).body;
    const kept = tab.cookie();
    const response = newKey().register(options);
    expect((await tab.send('POST', url, { name: 'x', response })).status).toBe(200);
    expect((await tab.send('POST', url, { name: 'x', response }, { cookie: kept })).status).toBe(400);
  });

  test('a challenge of one session registers nothing in another', async () => {
    const [a, b] = [await world.signedIn(ann), await world.signedIn(bob)];
    const options = (await a.send('POST', `${url}/options`, {})).body;
    const cookie = `${b.cookie()}; pipecat_passkey=${a.jar.get('pipecat_passkey')}`;
    expect((await b.send('POST', url, { name: 'x', response: newKey().register(options) }, { cookie })).status).toBe(
      400,
    );
    expect((await facts(b)).passkeys).toBe(0);
  });

  test('another person’s passkey is not there to be renamed or removed', async () => {
    const { id, tab: mine } = await withPasskey();
    const { tab, key } = await withPasskey(bob);
    const strong = world.browser();
    await enter(strong, key.answer(await challenge(strong)));
    expect((await tab.send('PATCH', `${url}/${id}`, { name: 'mine' })).status).toBe(404);
    expect((await strong.send('DELETE', `${url}/${id}`)).status).toBe(404);
    expect((await mine.send('PATCH', `${url}/${id}`, { name: ' Desk ' })).body.passkey).toMatchObject({ name: 'Desk' });
  });

  test('the last one stays while an organization asks for a second factor', async () => {
    const { key, id } = await withPasskey();
    const policy = {
      organization_id: 'org-a',
      policy_json: '{"secondFactorRequired":true}',
      updated_at: '',
      updated_by: null,
    };
    await world.db.insertInto('organization_policy').values(policy).execute();
    const tab = world.browser();
    await enter(tab, key.answer(await challenge(tab)));
    expect((await tab.send('DELETE', `${url}/${id}`)).status).toBe(409);
    expect((await facts(tab)).passkeys).toBe(1);
    expect((await add(tab, newKey(), 'Phone')).status).toBe(200);
    expect((await tab.send('DELETE', `${url}/${id}`)).status).toBe(200);
  });

  test('challenges are counted by address', async () => {
    const tab = world.browser(page, '198.51.100.20');
    for (let n = 0; n < 300; n++) await challenge(tab);
    expect((await tab.send('POST', '/auth/passkey/options', {})).status).toBe(429);
  });
});

test.each([
  ['https://cloud.example.com', true, 'cloud.example.com'],
  ['http://localhost:7400', true, 'localhost'],
  ['http://cloud.example.com', false, 'cloud.example.com'],
  ['https://192.0.2.7', false, '192.0.2.7'],
  ['http://[::1]:7400', false, '[::1]'],
])('at %s passkeys are offered: %s', (address, offered, id) => {
  expect(passkeySiteOf(address)).toEqual({ offered, id, origin: address });
});

test('over https the cookies are bound to the host', async () => {
  const world = await openSignIn(databases[0] as TestDatabase, {
    PIPECAT_CLOUD_PUBLIC_URL: 'https://cloud.example.com',
  });
  try {
    const tab = world.browser({ ...page, origin: 'https://cloud.example.com' });
    const answer = await tab.send('POST', '/auth/passkey/options', {});
    expect(answer.headers['set-cookie']).toMatch(
      /^__Host-pipecat_passkey=[0-9a-f]{40}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=300; Secure$/,
    );
    expect(answer.headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains');
  } finally {
    await world.drop();
  }
});
