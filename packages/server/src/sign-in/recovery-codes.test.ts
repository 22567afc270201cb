import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { databases } from '../testing/databases.js';
import { openSignIn, type SignInWorld, type TestBrowser } from '../testing/sign-in-world.js';
import { everythingStored } from '../testing/two-organizations.js';

const ann = 'ann@acme.example';
const bob = 'bob@bolt.example';
const password = 'correct plume anchor tulip';
const url = '/v1/users/self/recovery-codes';

describe.each(databases)('recovery codes on $name', (database) => {
  let world: SignInWorld;
  beforeEach(async () => {
    world = await openSignIn(database);
  });
  afterEach(() => world.drop());
  const facts = async (tab: TestBrowser) => (await tab.send('GET', '/v1/users/self/security')).body;
  const use = (tab: TestBrowser, recoveryCode: string) => tab.send('POST', '/v1/users/self/step-up', { recoveryCode });
  /** A browser that has shown both factors. */
  async function enrolled(email = ann): Promise<TestBrowser> {
    const tab = await world.signedIn(email);
    await tab.send('PUT', '/v1/users/self/password', { password });
    expect((await tab.send('POST', '/v1/users/self/step-up', { password })).status).toBe(200);
    return tab;
  }

  test('ten are made; beside a code by e-mail each makes two factors, once', async () => {
    const codes = (await (await enrolled()).send('POST', url, {})).body.codes as string[];
    expect(new Set(codes).size).toBe(10);
    expect(codes[0]).toMatch(/^[0-9a-f]{5}(-[0-9a-f]{5}){3}$/);
    const tab = await world.signedIn(ann);
    expect((await facts(tab)).stepUp).toContainEqual({ by: 'recovery', secondFactor: true });
    // As people type them.
    expect((await use(tab, ` ${codes[0]?.replaceAll('-', ' ').toUpperCase()} `)).status).toBe(200);
    expect(await facts(tab)).toMatchObject({ factors: ['email', 'recovery'], secondFactor: true, recoveryCodes: 9 });
    expect((await use(await world.signedIn(ann), codes[0] ?? '')).status).toBe(403);
    const stored = await everythingStored(world);
    for (const code of codes) expect(stored).not.toContain(code.replaceAll('-', ''));
  });

  test('of two who use one at once, one gets on', async () => {
    const codes = (await (await enrolled()).send('POST', url, {})).body.codes as string[];
    const tabs = [await world.signedIn(ann), await world.signedIn(ann)];
    const answers = await Promise.all(tabs.map((tab) => use(tab, codes[3] ?? '')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 403]);
  });

  test('new ones end those of before', async () => {
    const tab = await enrolled();
    const old = (await tab.send('POST', url, {})).body.codes as string[];
    const fresh = (await tab.send('POST', url, {})).body.codes as string[];
    const other = await world.signedIn(ann);
    expect((await use(other, old[1] ?? '')).status).toBe(403);
    expect((await use(other, fresh[1] ?? '')).status).toBe(200);
  });

  test('another person’s code is worth nothing, and is not used up', async () => {
    const codes = (await (await enrolled()).send('POST', url, {})).body.codes as string[];
    expect((await use(await world.signedIn(bob), codes[0] ?? '')).status).toBe(403);
    expect((await use(await world.signedIn(ann), codes[0] ?? '')).status).toBe(200);
  });

  test('they are made by who has shown both factors, and only where there is something to recover', async () => {
    expect((await (await world.signedIn(bob)).send('POST', url, {})).status).toBe(409);
    await enrolled();
    const mailbox = await world.signedIn(ann);
    expect((await mailbox.send('POST', url, {})).body).toMatchObject({ reason: 'second_factor_required' });
  });
});
