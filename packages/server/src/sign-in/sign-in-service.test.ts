import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { databases } from '../testing/databases.js';
import { from, nobody, openSignIn, type SignInWorld } from '../testing/sign-in-world.js';
import { everythingStored } from '../testing/two-organizations.js';
import { createMailbox } from './mailbox.js';
import type { SignInService } from './sign-in-service.js';

const hourMs = 3_600_000;
const refused = { status: 401, code: '401' };

describe.each(databases)('signing in on $name', (database) => {
  let world: SignInWorld;
  let signIn: SignInService;
  beforeEach(async () => {
    world = await openSignIn(database);
    signIn = world.signIn;
  });
  afterEach(() => world.drop());

  const header = (setCookie: string) => `theme=dark; ${setCookie.split(';')[0]}; other=1`;
  const browserOf = (cookies: string) => /pipecat_code=([0-9a-f]{40});/.exec(cookies)?.[1];
  const userOf = async (setCookie: string) => (await world.sessions.sessionOf(header(setCookie)))?.userId;
  const sessions = () => world.db.selectFrom('dashboard_session').selectAll().execute();
  /** Of the browser that asked last. */
  let asked: string;
  async function ask(email: string, actor = nobody, cookies?: string): Promise<void> {
    asked = header(await signIn.requestCode(actor, email, cookies));
  }
  async function codeFor(email: string, actor = nobody, cookies?: string): Promise<string> {
    const before = world.mails.length;
    await ask(email, actor, cookies);
    await vi.waitFor(() => expect(world.mails).toHaveLength(before + 1));
    return /: (\d{8}) /.exec(world.mails.at(-1)?.text ?? '')?.[1] ?? '';
  }
  const wrong = (code: string) => String((Number(code) + 1) % 100_000_000).padStart(8, '0');

  test('a code signs its owner in once, whatever the case of the address', async () => {
    const code = await codeFor('Ann@Acme.example');
    expect(code).toMatch(/^\d{8}$/);
    expect(world.mails.at(-1)?.to).toBe('ann@acme.example');
    const value = await signIn.signIn(nobody, { email: 'ANN@acme.example', code }, asked);
    expect(await userOf(value)).toBe('u1');
    await expect(signIn.signIn(nobody, { email: 'ann@acme.example', code }, asked)).rejects.toMatchObject(refused);
  });

  test('two who use a code at once get one session', async () => {
    const code = await codeFor('ann@acme.example');
    const tries = [1, 2, 3].map((n) => signIn.signIn(from(n), { email: 'ann@acme.example', code }, asked));
    const results = await Promise.allSettled(tries);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await sessions()).toHaveLength(1);
  });

  test('a code is good for ten minutes and for its own person', async () => {
    const code = await codeFor('ann@acme.example');
    await expect(signIn.signIn(nobody, { email: 'bob@bolt.example', code }, asked)).rejects.toMatchObject(refused);
    world.clock.advance(10 * 60_000);
    await expect(signIn.signIn(nobody, { email: 'ann@acme.example', code }, asked)).rejects.toMatchObject(refused);
  });

  test('after five wrong guesses the right code is refused as well, from whatever address', async () => {
    const code = await codeFor('ann@acme.example');
    for (let n = 0; n < 5; n++) {
      await expect(
        signIn.signIn(from(n), { email: 'ann@acme.example', code: wrong(code) }, asked),
      ).rejects.toMatchObject(refused);
    }
    await expect(signIn.signIn(from(9), { email: 'ann@acme.example', code }, asked)).rejects.toMatchObject(refused);
    expect(await sessions()).toEqual([]);
  });

  test('guesses that arrive at once are counted each', async () => {
    const code = await codeFor('ann@acme.example');
    const guesses = Array.from({ length: 8 }, (_, n) =>
      signIn.signIn(from(n), { email: 'ann@acme.example', code: wrong(code) }, asked),
    );
    await Promise.allSettled(guesses);
    const row = await world.db.selectFrom('one_time_code').select('attempts').executeTakeFirstOrThrow();
    expect(row.attempts).toBe(5);
  });

  test('known or not, the same refusal and the same rows; a decoy signs nobody in', async () => {
    await codeFor('ann@acme.example');
    await ask('nobody@nowhere.example', nobody);
    const rows = await world.db
      .selectFrom('one_time_code')
      .select(['purpose', 'user_id', 'digest'])
      .orderBy('user_id')
      .execute();
    expect(rows.map(({ user_id }) => user_id).sort()).toEqual([null, 'u1'].sort());
    const texts = [];
    for (const email of ['ann@acme.example', 'nobody@nowhere.example']) {
      texts.push(
        await signIn.signIn(nobody, { email, code: '00000000' }, asked).catch((error: Error) => error.message),
      );
    }
    expect(texts[0]).toBe(texts[1]);
    const digest = world.digests.current(`sign_in:nobody@nowhere.example ${browserOf(asked)}:12345678`).digest;
    await world.db.updateTable('one_time_code').set({ digest }).where('user_id', 'is', null).execute();
    await expect(
      signIn.signIn(nobody, { email: 'nobody@nowhere.example', code: '12345678' }, asked),
    ).rejects.toMatchObject(refused);
    expect(world.mails).toHaveLength(1);
  });

  test('others neither use a code nor spend its guesses, and a browser that asks twice may use either', async () => {
    const code = await codeFor('ann@acme.example');
    const mine = asked;
    const other = await codeFor('ann@acme.example', from(1));
    for (const cookies of [asked, undefined]) {
      for (const guess of [code, ...Array(5).fill(wrong(code))]) {
        await expect(signIn.signIn(from(1), { email: 'ann@acme.example', code: guess }, cookies)).rejects.toMatchObject(
          refused,
        );
      }
    }
    await expect(signIn.signIn(nobody, { email: 'ann@acme.example', code: other }, mine)).rejects.toMatchObject(
      refused,
    );
    await codeFor('ann@acme.example', nobody, mine);
    expect(browserOf(asked)).toBe(browserOf(mine));
    expect(await userOf(await signIn.signIn(nobody, { email: 'ann@acme.example', code }, asked))).toBe('u1');
  });

  test('five codes an hour for a mailbox from one address, whether it is known or not; others can still ask', async () => {
    for (const email of ['ann@acme.example', 'nobody@nowhere.example']) {
      for (let n = 0; n < 5; n++) await ask(email, from(1));
      await expect(ask(email, from(1))).rejects.toMatchObject({ status: 429 });
    }
    await vi.waitFor(() => expect(world.mails).toHaveLength(5));
    await codeFor('ann@acme.example', from(2));
  });

  test('twenty codes an hour for a mailbox; the next is not sent and nobody is told', async () => {
    for (let n = 0; n < 20; n++) await codeFor('ann@acme.example', from(n));
    await ask('ann@acme.example', from(99));
    // Deliveries leave in order: this one would come after that.
    await codeFor('bob@bolt.example');
    expect(world.mails.map(({ to }) => to)).toEqual([...Array(20).fill('ann@acme.example'), 'bob@bolt.example']);
    world.clock.advance(hourMs + 1);
    await codeFor('ann@acme.example');
  });

  test('an address that fails too often, or asks too often, waits', async () => {
    for (let n = 0; n < 20; n++) {
      await expect(signIn.signIn(nobody, { email: 'x@y.example', code: '00000000' }, asked)).rejects.toMatchObject(
        refused,
      );
    }
    await expect(signIn.signIn(nobody, { email: 'x@y.example', code: '00000000' }, asked)).rejects.toMatchObject({
      status: 429,
    });
    await expect(signIn.setUp(nobody, { code: 'x' }, undefined)).rejects.toMatchObject({ status: 429 });
    await expect(signIn.setUp(from(1), { code: 'x' }, undefined)).rejects.toMatchObject(refused);
    for (let n = 0; n < 30; n++) await ask(`x${n}@y.example`, nobody);
    await expect(ask('x@y.example')).rejects.toMatchObject({ status: 429 });
    world.clock.advance(600_000);
    await ask('x@y.example', nobody);
  });

  test('each sign-in makes a fresh session and ends the one that the browser sent', async () => {
    const planted = `pipecat_session=${'a'.repeat(40)}`;
    const first = await signIn.signIn(
      nobody,
      { email: 'ann@acme.example', code: await codeFor('ann@acme.example') },
      `${header(planted)}; ${asked}`,
    );
    expect(first).not.toBe(planted);
    expect(await userOf(planted)).toBeUndefined();
    const second = await signIn.signIn(
      nobody,
      { email: 'bob@bolt.example', code: await codeFor('bob@bolt.example') },
      `${header(first)}; ${asked}`,
    );
    expect(await userOf(first)).toBeUndefined();
    expect(await userOf(second)).toBe('u2');
  });

  test('the set-up link signs the owner in once and takes address and name of the organization', async () => {
    expect(await signIn.setupPending('u1')).toBe(true);
    const code = await signIn.createSetupCode('u1');
    const value = await signIn.setUp(
      nobody,
      { code, email: 'Boss@Acme.example', organizationName: 'Acme & Sons' },
      undefined,
    );
    expect(await userOf(value)).toBe('u1');
    expect(await world.store.accounts.find('u1')).toMatchObject({ email: 'boss@acme.example' });
    expect(await world.store.organizations.find('org-a')).toMatchObject({ name: 'acme', verboseName: 'Acme & Sons' });
    expect(await signIn.setupPending('u1')).toBe(false);
    await expect(signIn.setUp(nobody, { code }, undefined)).rejects.toMatchObject(refused);
  });

  test('a set-up link lives a day, and only the newest works', async () => {
    const first = await signIn.createSetupCode('u1');
    const second = await signIn.createSetupCode('u1');
    await expect(signIn.setUp(nobody, { code: first }, undefined)).rejects.toMatchObject(refused);
    world.clock.advance(24 * hourMs);
    await expect(signIn.setUp(nobody, { code: second }, undefined)).rejects.toMatchObject(refused);
  });

  test('an address that somebody else has does not use the link up', async () => {
    const code = await signIn.createSetupCode('u1');
    await expect(signIn.setUp(nobody, { code, email: 'BOB@bolt.example' }, undefined)).rejects.toMatchObject({
      status: 409,
    });
    await signIn.setUp(nobody, { code, email: 'ann@acme.example' }, undefined);
  });

  test('a delivery that fails is reported to the operator, not to the caller', async () => {
    const failures: unknown[] = [];
    const mailbox = createMailbox({
      sendMail: async () => {
        throw new Error('no post today');
      },
      onFailed: (error) => void failures.push(error),
    });
    mailbox.code('ann@acme.example', '12345678', 'sign_in');
    await vi.waitFor(() => expect(failures).toHaveLength(1));
  });

  test('neither codes nor sessions are stored in clear; sign-ins and refusals are audited', async () => {
    const setup = await signIn.createSetupCode('u1');
    const code = await codeFor('ann@acme.example');
    const unused = await codeFor('ann@acme.example', nobody, asked);
    await expect(signIn.signIn(nobody, { email: 'ann@acme.example', code: wrong(code) }, asked)).rejects.toThrow();
    const value = await signIn.signIn(nobody, { email: 'ann@acme.example', code }, asked);
    const stored = await everythingStored(world);
    const inCookie = /=([0-9a-f]{40});/.exec(value)?.[1] ?? 'none';
    for (const canary of [setup, `"${code}"`, `"${unused}"`, inCookie, browserOf(asked)])
      expect(stored).not.toContain(canary);
    expect(stored).toContain('sign_in.signed_in');
    expect(stored).toContain('sign_in.refused');
    expect(stored).toContain('192.0.2.9');
  });
});
