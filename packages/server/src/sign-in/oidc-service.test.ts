import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Environment } from '../config/env.js';
import { databases, type TestDatabase } from '../testing/databases.js';
import { type FakeOidcProvider, startFakeOidcProvider } from '../testing/fake-oidc-provider.js';
import { openSignIn, page, type SignInWorld, type TestBrowser } from '../testing/sign-in-world.js';
import { everythingStored } from '../testing/two-organizations.js';

let provider: FakeOidcProvider;
let world: SignInWorld;
const settings = (): Environment => ({
  PIPECAT_CLOUD_OIDC_ISSUER: provider.issuer,
  PIPECAT_CLOUD_OIDC_CLIENT_ID: provider.client.id,
  PIPECAT_CLOUD_OIDC_CLIENT_SECRET: provider.client.secret,
  PIPECAT_CLOUD_OIDC_LABEL: 'Acme ID',
});
async function open(database: TestDatabase, environment: Environment = {}) {
  provider = await startFakeOidcProvider();
  world = await openSignIn(database, { ...settings(), ...environment });
}
afterEach(async () => {
  await world.drop();
  await provider.close();
});

/** To the provider; the address that it sends the browser back to. */
async function outside(tab: TestBrowser, next = '/account/tokens'): Promise<string> {
  const begun = await tab.send('GET', `/auth/oidc?next=${encodeURIComponent(next)}`);
  expect(begun.status).toBe(303);
  const answer = await fetch(String(begun.headers.location), { redirect: 'manual' });
  const back = new URL(answer.headers.get('location') ?? '');
  return back.pathname + back.search;
}
/** A navigation that another site started: it carries neither our header nor our origin. */
const arrive = async (tab: TestBrowser, path: string) =>
  await tab.send('GET', path, undefined, { 'sec-fetch-site': 'cross-site' });
const roundTrip = async (tab: TestBrowser, next?: string) => await arrive(tab, await outside(tab, next));
const facts = async (tab: TestBrowser) => (await tab.send('GET', '/v1/users/self/security')).body;
const links = () => world.db.selectFrom('oidc_link').select(['issuer', 'subject', 'user_id']).execute();

describe.each(databases)('an outside provider on $name', (database) => {
  beforeEach(() => open(database));

  test('signs in the person whose address it has verified, links them, and leads on', async () => {
    const tab = world.browser();
    const answer = await roundTrip(tab);
    expect([answer.status, answer.headers.location]).toEqual([303, '/account/tokens']);
    expect(await facts(tab)).toMatchObject({
      email: 'ann@acme.example',
      factors: ['oidc'],
      secondFactor: false,
      oidc: { label: 'Acme ID', linked: true },
    });
    expect(await links()).toEqual([{ issuer: provider.issuer, subject: 'subject-1', user_id: 'u1' }]);
    expect(tab.jar.has('pipecat_oidc')).toBe(false);
    await vi.waitFor(() =>
      expect(world.mails.map(({ subject }) => subject)).toContainEqual(expect.stringContaining('linked')),
    );
    await roundTrip(world.browser());
    await world.signedIn('bob@bolt.example');
    expect(world.mails.filter(({ subject }) => subject.includes('linked'))).toHaveLength(1);
  });

  test('afterwards the subject decides, not the address', async () => {
    await roundTrip(world.browser());
    provider.says = { sub: 'subject-1', email: 'bob@bolt.example', email_verified: true };
    const tab = world.browser();
    await roundTrip(tab);
    expect((await facts(tab)).email).toBe('ann@acme.example');
    // The address has passed to somebody else at the provider: that person does not get Ann's account.
    provider.says = { sub: 'subject-2', email: 'ann@acme.example', email_verified: true };
    const other = world.browser();
    expect((await roundTrip(other)).headers.location).toBe('/sign-in?problem=oidc_other_account');
    expect(other.jar.has('pipecat_session')).toBe(false);
    expect(await links()).toHaveLength(1);
  });

  test('an address that is not verified leads to nobody’s account', async () => {
    for (const email_verified of [false, 'true', undefined]) {
      provider.says = { sub: 'subject-1', email: 'ann@acme.example', email_verified };
      const tab = world.browser();
      expect((await roundTrip(tab)).headers.location).toBe('/sign-in?problem=oidc_unverified');
      expect(tab.jar.has('pipecat_session')).toBe(false);
    }
    expect(await links()).toEqual([]);
  });

  test('what the ID token lacks is asked of the user-info endpoint', async () => {
    provider.says = { sub: 'subject-1' };
    provider.info = { email: 'ann@acme.example', email_verified: true };
    const tab = world.browser();
    await roundTrip(tab);
    expect((await facts(tab)).email).toBe('ann@acme.example');
  });

  test('a provider that asked for two factors makes a session of two', async () => {
    provider.says = { ...provider.says, amr: ['pwd', 'mfa'] };
    const tab = world.browser();
    await roundTrip(tab);
    expect(await facts(tab)).toMatchObject({ factors: ['oidc'], secondFactor: true });
  });

  test('nobody new is let in unless the settings say so', async () => {
    provider.says = { sub: 'subject-9', email: 'new@acme.example', email_verified: true };
    expect((await roundTrip(world.browser())).headers.location).toBe('/sign-in?problem=oidc_unknown');
    expect(await world.store.accounts.findByEmail('new@acme.example')).toBeUndefined();
  });

  test('an answer works in the browser that began, and in no other', async () => {
    const attacker = world.browser();
    const victim = world.browser();
    const theirs = await outside(attacker);
    expect((await arrive(victim, theirs)).headers.location).toBe('/sign-in?problem=oidc_expired');
    // The victim has begun a sign-in of their own: the state is not the one of that.
    await outside(victim);
    expect((await arrive(victim, theirs)).headers.location).toBe('/sign-in?problem=oidc_failed');
    expect(victim.jar.has('pipecat_session')).toBe(false);
    expect(provider.asked).not.toContain('/token');
  });

  test('an answer works once', async () => {
    const tab = world.browser();
    const path = await outside(tab);
    const kept = tab.cookie();
    expect((await arrive(tab, path)).headers.location).toBe('/account/tokens');
    const replay = await world.browser().send('GET', path, undefined, { cookie: kept });
    expect(replay.headers.location).toBe('/sign-in?problem=oidc_expired');
  });

  test('an answer of more than five minutes ago is too late', async () => {
    const tab = world.browser();
    const path = await outside(tab);
    world.clock.advance(5 * 60_000);
    expect((await arrive(tab, path)).headers.location).toBe('/sign-in?problem=oidc_expired');
  });

  const lies = (claims: Record<string, unknown>) => () => {
    provider.says = { ...provider.says, ...claims };
  };
  test.each<[string, () => void, RegExp]>([
    ['another issuer in the answer', () => Object.assign(provider, { iss: 'https://other.example' }), /iss/],
    ['no issuer where the provider promises one', () => Object.assign(provider, { iss: undefined }), /iss/],
    ['an ID token of another issuer', lies({ iss: 'https://other.example' }), /iss/],
    ['an ID token for somebody else', lies({ aud: 'another-client' }), /aud/],
    ['another nonce', lies({ nonce: 'x' }), /nonce/],
    ['an ID token that has expired', lies({ exp: 1 }), /exp/],
    ['a signature of another key', () => Object.assign(provider, { forged: true }), /signature/],
  ])('%s is refused', async (_what, misbehave, why) => {
    misbehave();
    const tab = world.browser();
    expect((await roundTrip(tab)).headers.location).toBe('/sign-in?problem=oidc_failed');
    expect(tab.jar.has('pipecat_session')).toBe(false);
    expect(await links()).toEqual([]);
    expect(JSON.parse(world.logged.at(-1) ?? '{}').why).toMatch(why);
  });

  test('a code that was swapped is refused: the verifier fits its own alone', async () => {
    const [a, b] = [world.browser(), world.browser()];
    const [mine, theirs] = [await outside(a), await outside(b)];
    const code = new URLSearchParams(theirs.split('?')[1]).get('code') ?? '';
    const swapped = mine.replace(/code=[0-9a-f]+/, `code=${code}`);
    expect((await arrive(a, swapped)).headers.location).toBe('/sign-in?problem=oidc_failed');
  });

  test('a person who says no at the provider is told so', async () => {
    provider.denies = true;
    expect((await roundTrip(world.browser())).headers.location).toBe('/sign-in?problem=oidc_denied');
  });

  test.each(['https://evil.example', '//evil.example', '/\\evil.example', '/.//evil.example', 'javascript:alert(1)'])(
    'leads on to a path of its own, never to %s',
    async (next) => {
      expect((await roundTrip(world.browser(), next)).headers.location).toBe('/');
    },
  );

  test('a session that the browser had ends, and its value is worth nothing', async () => {
    const tab = await world.signedIn('bob@bolt.example');
    const before = tab.jar.get('pipecat_session') ?? '';
    await roundTrip(tab);
    expect(tab.jar.get('pipecat_session')).not.toBe(before);
    expect(await world.sessions.sessionOf(`pipecat_session=${before}`)).toBeUndefined();
  });

  test('refusals are counted by address', async () => {
    const tab = world.browser(page, '198.51.100.30');
    for (let n = 0; n < 20; n++) expect((await arrive(tab, '/auth/oidc/callback?code=x&state=y')).status).toBe(303);
    expect((await arrive(tab, '/auth/oidc/callback?code=x&state=y')).status).toBe(429);
  });

  test('neither state, verifier nor secret is stored', async () => {
    const tab = world.browser();
    const path = await outside(tab);
    const stored = await everythingStored(world);
    const state = new URLSearchParams(path.split('?')[1]).get('state') ?? '';
    for (const canary of [state, tab.jar.get('pipecat_oidc') ?? 'none', provider.client.secret]) {
      expect(stored).not.toContain(canary);
    }
    expect(JSON.stringify(world.config)).not.toContain(provider.client.secret);
  });
});

describe('with conditions', () => {
  test('new people are let into the organization and role that the settings name', async () => {
    await open(databases[0] as TestDatabase, {
      PIPECAT_CLOUD_OIDC_NEW_PEOPLE_ORG: 'bolt',
      PIPECAT_CLOUD_OIDC_NEW_PEOPLE_ROLE: 'developer',
      PIPECAT_CLOUD_OIDC_ALLOWED_DOMAINS: 'bolt.example, acme.example',
      PIPECAT_CLOUD_OIDC_REQUIRED_CLAIM: 'groups=voice',
    });
    provider.says = { sub: 'subject-9', email: 'New@Bolt.example', email_verified: true, groups: ['voice'] };
    const tab = world.browser();
    expect((await roundTrip(tab, '/')).headers.location).toBe('/');
    const account = await world.store.accounts.findByEmail('new@bolt.example');
    expect(await world.store.organizations.listOfUser(account?.id ?? '')).toMatchObject([
      { name: 'bolt', role: 'developer' },
    ]);
    // A link outlives no condition: the group is asked for at each sign-in.
    provider.says = { ...provider.says, groups: [] };
    expect((await roundTrip(world.browser())).headers.location).toBe('/sign-in?problem=oidc_not_allowed');
    provider.says = { sub: 'subject-10', email: 'eve@evil.example', email_verified: true, groups: ['voice'] };
    expect((await roundTrip(world.browser())).headers.location).toBe('/sign-in?problem=oidc_not_allowed');
  });

  test('a provider that does not answer leads back to the sign-in page', async () => {
    await open(databases[0] as TestDatabase);
    await provider.close();
    const answer = await world.browser().send('GET', '/auth/oidc');
    expect(answer.headers.location).toBe('/sign-in?problem=oidc_unreachable');
    provider = await startFakeOidcProvider();
  });
});

test('without a provider there is nothing to go to', async () => {
  provider = await startFakeOidcProvider();
  world = await openSignIn(databases[0] as TestDatabase);
  expect((await world.browser().send('GET', '/auth/oidc')).status).toBe(404);
  expect((await world.browser().send('GET', '/auth/oidc/callback?code=x')).status).toBe(404);
  expect((await world.browser().send('GET', '/auth/methods')).body).toEqual({
    emailCode: true,
    password: true,
    passkey: true,
    oidc: null,
  });
});
