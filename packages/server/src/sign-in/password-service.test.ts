import { hash } from '@node-rs/argon2';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { databases, type TestDatabase } from '../testing/databases.js';
import { nobody, openSignIn, page, type SignInWorld, type TestBrowser } from '../testing/sign-in-world.js';
import { everythingStored } from '../testing/two-organizations.js';
import { createChangeRules } from './change-rules.js';
import { createMailbox } from './mailbox.js';
import { createPasswordHasher, type PasswordHasher } from './password-hash.js';
import { createPasswordService } from './password-service.js';
import { createSignInGuard } from './sign-in-guard.js';

const ann = 'ann@acme.example';
const password = 'correct plume anchor tulip';
const another = 'seven quiet lanterns drift';
const url = '/v1/users/self/password';
const minuteMs = 60_000;

describe.each(databases)('passwords on $name', (database) => {
  let world: SignInWorld;
  beforeEach(async () => {
    world = await openSignIn(database);
  });
  afterEach(() => world.drop());
  const enter = (tab: TestBrowser, email: string, typed: string) =>
    tab.send('POST', '/auth/password', { email, password: typed });
  const facts = async (tab: TestBrowser) => (await tab.send('GET', '/v1/users/self/security')).body;
  async function withPassword(): Promise<TestBrowser> {
    const tab = await world.signedIn(ann);
    expect((await tab.send('PUT', url, { password })).status).toBe(200);
    return tab;
  }

  test('set after a sign-in by code, it signs in; with the code it makes two factors', async () => {
    await withPassword();
    const tab = world.browser();
    expect((await enter(tab, 'ANN@acme.example', password)).status).toBe(200);
    expect(await facts(tab)).toMatchObject({ hasPassword: true, factors: ['password'], secondFactor: false });
    await world.confirmByEmail(tab, ann);
    expect(await facts(tab)).toMatchObject({ factors: ['password', 'email'], secondFactor: true });
    const stored = await everythingStored(world);
    expect(stored).not.toContain(password);
    expect(stored).toContain('password.set');
  });

  test('a session by code is made two factors with the password', async () => {
    await withPassword();
    const tab = await world.signedIn(ann);
    expect((await tab.send('POST', '/v1/users/self/step-up', { password: another })).status).toBe(403);
    expect((await tab.send('POST', '/v1/users/self/step-up', { password })).status).toBe(200);
    expect((await facts(tab)).secondFactor).toBe(true);
  });

  test('a wrong password, an unknown address and a person without one get the same answer, and no session', async () => {
    await withPassword();
    const answers = [];
    for (const email of [ann, 'nobody@nowhere.example', 'bob@bolt.example']) {
      const answer = await enter(world.browser(), email, another);
      answers.push([answer.status, answer.body, answer.headers['set-cookie']]);
    }
    expect(answers[0]?.[0]).toBe(401);
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  test('a change needs the current password or a sign-in of the last ten minutes', async () => {
    const tab = await withPassword();
    world.clock.advance(10 * minuteMs);
    expect((await tab.send('PUT', url, { password: another })).body).toMatchObject({
      code: '403',
      reason: 'recent_sign_in_required',
    });
    expect((await tab.send('PUT', url, { password: another, currentPassword: 'wrong' })).status).toBe(403);
    expect((await enter(world.browser(), ann, password)).status).toBe(200);
    expect((await tab.send('PUT', url, { password: another, currentPassword: password })).status).toBe(200);
    expect((await enter(world.browser(), ann, password)).status).toBe(401);
    expect((await enter(world.browser(), ann, another)).status).toBe(200);
  });

  test('a change ends the other sessions, of that person alone', async () => {
    const tab = await withPassword();
    const other = await world.signedIn(ann);
    const bob = await world.signedIn('bob@bolt.example');
    await tab.send('PUT', url, { password: another, currentPassword: password });
    const alive = await Promise.all(
      [tab, other, bob].map(async (one) => (await one.send('GET', '/v1/users/self/security')).status),
    );
    expect(alive).toEqual([200, 401, 200]);
  });

  test('set anew by who holds the mailbox alone, it makes no second factor with the mailbox', async () => {
    await withPassword();
    const thief = await world.signedIn(ann);
    expect((await thief.send('PUT', url, { password: another })).status).toBe(200);
    const again = world.browser();
    expect((await enter(again, ann, another)).status).toBe(200);
    await world.confirmByEmail(again, ann);
    expect((await facts(again)).secondFactor).toBe(false);
    // Nor by changing it once more, or by taking it away to set it for the first time.
    await again.send('PUT', url, { password: 'nine brown kettles hum', currentPassword: another });
    expect((await again.send('DELETE', url)).body).toMatchObject({ reason: 'second_factor_required' });
    const third = world.browser();
    expect((await enter(third, ann, 'nine brown kettles hum')).status).toBe(200);
    await world.confirmByEmail(third, ann);
    expect((await facts(third)).secondFactor).toBe(false);
  });

  test('it is removed by who has shown both factors', async () => {
    const tab = await withPassword();
    expect((await tab.send('DELETE', url)).body).toMatchObject({ reason: 'second_factor_required' });
    await tab.send('POST', '/v1/users/self/step-up', { password });
    expect((await tab.send('DELETE', url)).status).toBe(200);
    expect((await enter(world.browser(), ann, password)).status).toBe(401);
    expect((await tab.send('DELETE', url)).status).toBe(404);
  });

  test.each(['short', 'password1234', 'ann@acme.example', 'x'.repeat(129)])('refuses %s', async (bad) => {
    const tab = await world.signedIn(ann);
    expect((await tab.send('PUT', url, { password: bad })).status).toBe(400);
    expect((await facts(tab)).hasPassword).toBe(false);
  });

  test('who fails too often from one address waits, and nobody else does', async () => {
    await withPassword();
    const guesser = world.browser(page, '198.51.100.7');
    for (let n = 0; n < 20; n++) expect((await enter(guesser, ann, another)).status).toBe(401);
    expect((await enter(guesser, ann, password)).status).toBe(429);
    expect((await enter(world.browser(page, '198.51.100.8'), ann, password)).status).toBe(200);
  });

  test('a hash of old parameters is made anew at the next sign-in', async () => {
    const old = await hash(password, { memoryCost: 8192, timeCost: 1, parallelism: 1 });
    await world.store.passwords.put('u1', { hash: old, byEmail: false }, world.clock.now());
    await enter(world.browser(), ann, password);
    const renewed = (await world.store.passwords.find('u1'))?.hash ?? '';
    expect(renewed).toMatch(/m=19456,t=2,p=1/);
    expect((await enter(world.browser(), ann, password)).status).toBe(200);
    expect((await world.store.passwords.find('u1'))?.hash).toBe(renewed);
  });

  test('a person is told by mail that the password was changed', async () => {
    await withPassword();
    const told = { to: ann, subject: expect.stringContaining('password was set') };
    await vi.waitFor(() => expect(world.mails.at(-1)).toMatchObject(told));
    expect(JSON.stringify(world.mails)).not.toContain(password);
  });

  test('an unknown address costs as many hashes as a known one', async () => {
    await withPassword();
    const real = createPasswordHasher();
    const work: string[] = [];
    const counting: PasswordHasher = {
      ...real,
      hash: async (text) => {
        work.push('hash');
        return await real.hash(text);
      },
      verify: async (made, text) => {
        work.push('verify');
        return await real.verify(made, text);
      },
    };
    const service = createPasswordService({
      ...world,
      rules: createChangeRules({ sessions: world.sessions, offers: { passwords: true, passkeys: true } }),
      hasher: counting,
      mailbox: createMailbox({ sendMail: async () => {}, onFailed: () => {} }),
      guard: createSignInGuard(world),
      enabled: true,
    });
    const cost = async (email: string) => {
      work.length = 0;
      await service.signIn(nobody, { email, password: another }, undefined).catch(() => {});
      return [...work];
    };
    // The decoy is made once, at the first attempt whosoever it is for.
    expect(await cost(ann)).toEqual(['hash', 'verify']);
    expect(await cost(ann)).toEqual(['verify']);
    expect(await cost('nobody@nowhere.example')).toEqual(['verify']);
    expect(await cost('bob@bolt.example')).toEqual(['verify']);
  });
});

test('where passwords are off, nobody sets one or signs in with one', async () => {
  const world = await openSignIn(databases[0] as TestDatabase, { PIPECAT_CLOUD_PASSWORDS: 'off' });
  try {
    const made = await createPasswordHasher().hash(password);
    await world.store.passwords.put('u1', { hash: made, byEmail: false }, world.clock.now());
    expect((await world.browser().send('POST', '/auth/password', { email: ann, password })).status).toBe(404);
    const tab = await world.signedIn(ann);
    expect((await tab.send('PUT', url, { password })).status).toBe(404);
    expect((await tab.send('POST', '/v1/users/self/step-up', { password })).status).toBe(404);
    // What nobody can show any more keeps nobody from a passkey.
    expect((await tab.send('POST', '/v1/users/self/passkeys/options', {})).status).toBe(200);
    expect((await world.browser().send('GET', '/auth/methods')).body).toMatchObject({
      password: false,
      emailCode: true,
    });
  } finally {
    await world.drop();
  }
});
