import type { Browser, CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from './support/browser.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { missing } from './support/environment.js';
import { cleanUp } from './support/paths.js';
import { until } from './support/wait.js';

const lacking = missing('chromium');
const email = 'ann@example.com';
const password = 'correct plume anchor tulip';

describe.skipIf(lacking)(`signing in, in a browser${lacking ? ` (${lacking})` : ''}`, () => {
  let cloud: Cloud;
  let browser: Browser;
  let page: Page;
  let devices: CDPSession;
  const problems: string[] = [];

  beforeAll(async () => {
    cloud = await startCloud({ env: { PIPECAT_CLOUD_PASSWORDS: 'on' } });
    browser = await openBrowser();
    page = await newPage();
    devices = await page.context().newCDPSession(page);
    await devices.send('WebAuthn.enable');
    await addAuthenticator(true);
  });

  afterAll(async () => {
    await browser?.close();
    await cleanUp();
  });

  async function newPage(): Promise<Page> {
    const made = await (await browser.newContext({ baseURL: cloud.url })).newPage();
    made.setDefaultTimeout(60_000);
    made.on('pageerror', (error) => problems.push(error.message));
    return made;
  }

  /** A security chip in the device; with `verified`, its owner's finger is on it. */
  async function addAuthenticator(verified: boolean): Promise<string> {
    const { authenticatorId } = await devices.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: verified,
        automaticPresenceSimulation: true,
      },
    });
    return authenticatorId;
  }

  /** The newest code that the terminal shows. */
  async function codeOfTerminal(what: 'Sign-in' | 'Confirmation', seen: number): Promise<string> {
    const codes = () => [...cloud.process.stdout().matchAll(new RegExp(`${what} code for ${email}: (\\d{8})`, 'g'))];
    return await until('the code is shown in the terminal', () => codes()[seen]?.[1]);
  }
  const shownSoFar = (what: string) => cloud.process.stdout().split(`${what} code for ${email}`).length - 1;

  async function signInByCode(tab: Page): Promise<void> {
    const before = shownSoFar('Sign-in');
    await tab.goto('/account/security');
    await tab.getByLabel('E-mail address').fill(email);
    await tab.getByRole('button', { name: 'Send me a code' }).click();
    await tab.getByLabel('Code').fill(await codeOfTerminal('Sign-in', before));
    await tab.getByRole('button', { name: 'Sign in', exact: true }).click();
    await tab.getByRole('heading', { name: 'Security' }).waitFor();
  }

  test('a passkey is registered after the first sign-in', async () => {
    await page.goto(/http:\/\/\S+\/setup#code=\S+/.exec(cloud.process.stdout())?.[0] ?? '');
    await page.getByLabel('Your e-mail address').fill(email);
    await page.getByRole('button', { name: 'Finish and sign in' }).click();
    await page.getByRole('link', { name: 'Security' }).click();
    await page.getByText('No passkeys yet').waitFor();
    await page.getByText('One factor shown').waitFor();
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByLabel('Name').fill('My laptop');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Rename My laptop' }).waitFor();
  });

  test('signed out, it signs in by itself, with two factors, to the page that was asked for', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in with a passkey' }).waitFor();
    await page.goto('/account/security');
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.getByText('Two factors shown').waitFor();
    expect(new URL(page.url()).pathname).toBe('/account/security');
    await page.getByText(/used just now/).waitFor();
  });

  test('a session by code is asked for the passkey before it changes how one signs in', async () => {
    const other = await newPage();
    await signInByCode(other);
    await other.getByRole('button', { name: 'Remove My laptop' }).click();
    await other.getByRole('button', { name: 'Remove passkey' }).click();
    await other.getByText('needs both of your factors').waitFor();
    // This browser has no passkey: the owner stays as they are.
    await other.getByRole('button', { name: 'Use a passkey' }).waitFor();
    await other.context().close();
    await page.reload();
    await page.getByRole('button', { name: 'Rename My laptop' }).waitFor();
  });

  test('a person sees the other session and ends it', async () => {
    const other = await newPage();
    await signInByCode(other);
    await page.reload();
    await page.getByText('This one').waitFor();
    await page.getByRole('button', { name: 'End all others' }).click();
    await page.getByRole('button', { name: 'End all others' }).waitFor({ state: 'detached' });
    await other.reload();
    await other.getByRole('button', { name: 'Send me a code' }).waitFor();
    await other.context().close();
  });

  test('a password is set, signs in, and becomes two factors with a code', async () => {
    await page.getByLabel('New password').fill('password1234');
    await page.getByRole('button', { name: 'Set a password' }).click();
    await page.getByText('among the commonest').waitFor();
    await page.getByLabel('New password').fill(password);
    await page.getByRole('button', { name: 'Set a password' }).click();
    await page.getByText('Your other sessions have ended').waitFor();

    const other = await newPage();
    await other.goto('/account/confirm');
    await other.getByRole('button', { name: 'Use a password' }).click();
    await other.getByLabel('E-mail address').fill(email);
    await other.getByLabel('Password').fill('not this one, surely');
    await other.getByRole('button', { name: 'Sign in', exact: true }).click();
    await other.getByText(/address or the password is wrong/).waitFor();
    await other.getByLabel('Password').fill(password);
    await other.getByRole('button', { name: 'Sign in', exact: true }).click();
    await other.getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
    const before = shownSoFar('Confirmation');
    await other.getByRole('button', { name: 'Send me a code' }).click();
    await other.getByRole('button', { name: 'Send the code' }).click();
    await other.getByLabel('Code').fill(await codeOfTerminal('Confirmation', before));
    await other.getByRole('button', { name: 'Confirm' }).click();
    await other.getByRole('link', { name: 'Security' }).click();
    await other.getByText('Two factors shown').waitFor();
    await other.context().close();
  });

  test('a recovery code is shown once, and stands in for a lost passkey', async () => {
    await page.getByRole('button', { name: 'Make recovery codes' }).click();
    const shown = page.getByRole('dialog').getByRole('code');
    const codes = ((await shown.textContent()) ?? '').trim().split(/\s+/);
    expect(codes).toHaveLength(10);
    await page.getByRole('button', { name: 'I have kept them' }).click();
    await page.getByText('10 codes left').waitFor();
    await until('the codes are gone', async () => !(await page.content()).includes(codes[0] as string));

    const other = await newPage();
    await signInByCode(other);
    await other.goto('/account/confirm');
    await other.getByRole('button', { name: 'Use a recovery code' }).click();
    await other.getByLabel('Recovery code').fill(codes[0] ?? '');
    await other.getByRole('button', { name: 'Confirm' }).click();
    await other.getByRole('link', { name: 'Security' }).click();
    await other.getByText('Two factors shown').waitFor();
    await other.getByText('9 codes left').waitFor();
    await other.context().close();
  });

  test('a link of an invitation leaves no code in the address', async () => {
    await page.goto('/invite#code=0123456789');
    await page.getByText(`signed in as ${email}`).waitFor();
    await until('the code is gone from the address', () => page.url() === `${cloud.url}/invite`);
    await page.goto('/');
  });

  test('an organization that asks for a second factor leads to where it is shown, and back', async () => {
    const error = 'acme asks for a second factor: confirm with one';
    await page.route('**/v1/organizations', (route) =>
      route.fulfill({ status: 403, json: { error, code: '403', reason: 'blocked_by_policy' } }),
    );
    await page.goto('/?org=acme');
    await page.getByRole('link', { name: 'Confirm that it is you' }).click();
    await page.unroute('**/v1/organizations');
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    // Nobody here reaches acme, so it goes on to the organization that there is.
    await until('the page of before is back', () => page.url() === `${cloud.url}/orgs/my-team`);
    await page.getByText('asks for a second factor').waitFor({ state: 'detached' });
  });

  test('the page’s headers are those of a page that signs people in', async () => {
    const answer = await fetch(`${cloud.url}/sign-in`, { headers: { accept: 'text/html' } });
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': expect.stringContaining('publickey-credentials-get=(self)'),
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    expect(answer.headers.has('strict-transport-security')).toBe(false);
  });

  test('no page had an error of its own', () => {
    expect(problems).toEqual([]);
  });
});
