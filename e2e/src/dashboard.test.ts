import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCli } from './support/cli.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { missing, resources } from './support/environment.js';
import { cleanUp } from './support/paths.js';
import { until } from './support/wait.js';

const lacking = missing('chromium');
const email = 'ann@example.com';

describe.skipIf(lacking)(`the dashboard in a browser${lacking ? ` (${lacking})` : ''}`, () => {
  let cloud: Cloud;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    cloud = await startCloud();
    browser = await chromium.launch({
      executablePath: resources.chromium ?? '',
      // Inside containers Chromium's own sandbox can't be made.
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    });
    const context = await browser.newContext({ baseURL: cloud.url });
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: cloud.url });
    page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on('pageerror', (error) => problems.push(error.message));
  });

  afterAll(async () => {
    await browser?.close();
    await cleanUp();
  });

  /** The link as the terminal shows it. */
  function setUpLink(): string {
    return /http:\/\/\S+\/setup#code=\S+/.exec(cloud.process.stdout())?.[0] ?? '';
  }

  test('the set-up link of the terminal signs the owner in, once', async () => {
    await page.goto(setUpLink());
    await page.getByLabel('Your e-mail address').fill(email);
    await page.getByLabel('Name of your organization').fill('The Talkers');
    await page.getByRole('button', { name: 'Finish and sign in' }).click();
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    await page.getByText(email).first().waitFor();
    expect(new URL(page.url()).hash).toBe('');

    const other = await browser.newContext({ baseURL: cloud.url });
    const stranger = await other.newPage();
    await stranger.goto(setUpLink());
    await stranger.getByLabel('Your e-mail address').fill('eve@example.com');
    await stranger.getByRole('button', { name: 'Finish and sign in' }).click();
    await stranger.getByRole('alert').waitFor();
    await stranger.goto('/account/tokens');
    await stranger.getByRole('button', { name: 'Send me a code' }).waitFor();
    await other.close();
  });

  test('a token made in the page works on the command line until it is revoked in the page', async () => {
    await page.goto('/account/tokens');
    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByLabel('Name').fill('my laptop');
    await page.getByText('30 days').click();
    await page.getByRole('button', { name: 'Create token' }).click();
    await page.getByRole('button', { name: 'Copy the token' }).click();
    const token = await until('the token is in the clipboard', async () => {
      const text = await page.evaluate<string>('navigator.clipboard.readText()');
      return /^pcc_pat_[0-9a-f]{48}$/.test(text) && text;
    });
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByText('my laptop').first().waitFor();
    expect(await page.content()).not.toContain(token);

    const cli = createCli({ token, port: cloud.port });
    const who = await cli.json<{ user: { email: string }; organization: { verboseName: string } }>(['auth', 'whoami']);
    expect(who).toMatchObject({ user: { email }, organization: { verboseName: 'The Talkers' } });

    await page.getByRole('button', { name: 'Revoke my laptop' }).click();
    await page.getByRole('button', { name: 'Revoke token' }).click();
    await page.getByText('Revoked', { exact: true }).waitFor();
    const refused = await cli(['auth', 'whoami']);
    expect(refused.code).toBe(5);
    expect(refused.stderr).toMatch(/revoked/i);
  });

  test('signed out, the code that the terminal shows signs in again', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Send me a code' }).waitFor();
    await page.goto('/account/tokens');
    await page.getByLabel('E-mail address').fill(email);
    await page.getByRole('button', { name: 'Send me a code' }).click();
    const code = await until('the code is shown in the terminal', () => {
      return new RegExp(`Sign-in code for ${email}: (\\d{8})`).exec(cloud.process.stdout())?.[1];
    });
    await page.getByLabel('Code').fill(code === '00000000' ? '11111111' : '00000000');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page
      .getByText(/wrong|not valid|does not|isn’t|not right|no longer/i)
      .first()
      .waitFor();
    await page.getByLabel('Code').fill(code);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('button', { name: 'New token' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/account/tokens');
  });

  test('no page had an error of its own', () => {
    expect(problems).toEqual([]);
  });
});
