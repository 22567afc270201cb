import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from './support/api.js';
import { clipboard, isForgotten, leavesNoTrace, openBrowser, openTab, says } from './support/browser.js';
import { createCli } from './support/cli.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { missing } from './support/environment.js';
import { cleanUp } from './support/paths.js';
import { until } from './support/wait.js';

const lacking = missing('chromium');
const email = 'ann@example.com';
const tokenPattern = /^pcc_pat_[0-9a-f]{48}$/;

describe.skipIf(lacking)(`the dashboard in a browser${lacking ? ` (${lacking})` : ''}`, () => {
  let cloud: Cloud;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    cloud = await startCloud();
    browser = await openBrowser();
    page = await openTab(browser, cloud.url, { problems });
  });

  afterAll(async () => {
    await browser?.close();
    await cleanUp();
  });

  /** The link as the terminal shows it. */
  function setUpLink(): string {
    return /http:\/\/\S+\/setup#code=\S+/.exec(cloud.process.stdout())?.[0] ?? '';
  }

  /** Copies the value that is shown, closes the dialog, and sees that nothing of it stays. */
  async function takeValue(): Promise<string> {
    // Or the token that was copied before this one would be taken for it.
    await page.evaluate("navigator.clipboard.writeText('')");
    await page.getByRole('button', { name: 'Copy the token' }).click();
    const value = await clipboard(page, tokenPattern);
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    return value;
  }
  const selfOf = async (token: string) =>
    (await call(cloud.url, 'GET', '/v1/tokens/self', { token })).body as { token: { grant: object; name: string } };
  const menuOf = (name: string) => page.getByRole('button', { name: `Actions for ${name}`, exact: true }).first();
  async function choose(name: string, item: string): Promise<void> {
    await menuOf(name).click();
    await page.getByRole('menuitem', { name: item }).click();
  }

  test('the set-up link of the terminal signs the owner in, once', async () => {
    await page.goto(setUpLink());
    await page.getByLabel('Your e-mail address').fill(email);
    await page.getByLabel('Name of your organization').fill('The Talkers');
    await page.getByRole('button', { name: 'Finish and sign in' }).click();
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
    await page.getByText(email).first().waitFor();
    expect(new URL(page.url()).hash).toBe('');

    const stranger = await openTab(browser, cloud.url, { problems });
    await stranger.goto(setUpLink());
    await stranger.getByLabel('Your e-mail address').fill('eve@example.com');
    await stranger.getByRole('button', { name: 'Finish and sign in' }).click();
    await stranger.getByRole('alert').getByText('If it was used, sign in; otherwise start the server again').waitFor();
    await stranger.getByRole('link', { name: 'Sign in instead' }).click();
    await stranger.getByRole('button', { name: 'Send me a code' }).waitFor();
    await stranger.goto('/account/tokens');
    await stranger.getByRole('button', { name: 'Send me a code' }).waitFor();
    await stranger.context().close();
  });

  test('an invitation that is not open leaves a way on', async () => {
    await page.goto('/invite#code=zzz');
    await page.getByRole('button', { name: 'Join the organization' }).click();
    await page.getByRole('alert').getByText('This invitation is not open').waitFor();
    await page.getByRole('link', { name: 'Go to the dashboard instead' }).click();
    await page.getByRole('button', { name: 'Sign out' }).waitFor();
  });

  test('an address that leads nowhere says so beside the navigation', async () => {
    for (const [address, text] of [
      ['/orgs/my-team/builds/nope', 'There is no such build here'],
      ['/orgs/my-team/service-accounts/nope', 'There is no such service account here'],
      ['/account/tokens/nope', 'You have no such token'],
      ['/orgs/my-team/agents/nope/sessions/nope', 'There is no such session here'],
      ['/orgs/my-team/nopage', 'There is no page here'],
      ['/orgs/my-team/builds/nope/nopage', 'There is no page here'],
    ] as const) {
      await page.goto(address);
      await page.getByText(text, { exact: true }).waitFor();
      await page.getByRole('link', { name: 'Secret sets' }).waitFor();
      expect([address, await page.getByRole('alert').count()]).toEqual([address, 0]);
    }
  });

  test('a token made in the page works on the command line until it is revoked in the page', async () => {
    await page.getByRole('link', { name: 'Access tokens' }).click();
    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByLabel('Name').fill('my laptop');
    await page.getByText('30 days').click();
    await page.getByText('everything that you can do').waitFor();
    await page.getByRole('button', { name: 'Create token' }).click();
    for (const tab of ['GitHub Actions', 'GitLab CI', 'Docker', 'Shell']) {
      await page.getByRole('tab', { name: tab }).click();
      await page.getByRole('tabpanel', { name: tab }).getByText('PIPECAT_TOKEN').first().waitFor();
    }
    const token = await takeValue();
    await page.getByRole('link', { name: 'my laptop' }).waitFor();

    const cli = createCli({ token, port: cloud.port });
    const who = await cli.json<{ user: { email: string }; organization: { verboseName: string } }>(['auth', 'whoami']);
    expect(who).toMatchObject({ user: { email }, organization: { verboseName: 'The Talkers' } });

    await choose('my laptop', 'Revoke');
    await page.getByRole('button', { name: 'Revoke token' }).click();
    await says(page, '“my laptop” is revoked');
    await page.getByText('Ended (1)').click();
    await page.getByText('Revoked', { exact: true }).waitFor();
    const refused = await cli(['auth', 'whoami']);
    expect(refused.code).toBe(5);
    expect(refused.stderr).toMatch(/revoked/i);
  });

  test('a link fills the form in, a sentence says what comes of it, and the value leaves no trace', async () => {
    const query = 'new=true&name=ci&days=30&permission=agents:read,logs:read&organization=my-team&agent=echo';
    await page.goto(`/account/tokens?${query}`);
    await page.getByText('A link filled this in').waitFor();
    await page
      .getByText('It will be able to see agents and read logs in my-team, for the agent echo alone.', { exact: true })
      .waitFor();
    await page.getByLabel('Only from these networks').fill('127.0.0.0/8, ::1');
    await page.getByText('and only from 127.0.0.0/8 or ::1').waitFor();
    await page.getByRole('button', { name: 'Create token' }).click();
    const value = await takeValue();
    await until('the address says nothing of it', () => new URL(page.url()).search === '');
    expect((await selfOf(value)).token).toMatchObject({
      name: 'ci',
      grant: {
        permissions: ['agents:read', 'logs:read'],
        organizations: ['my-team'],
        agents: ['echo'],
        networks: ['127.0.0.0/8', '::1'],
      },
    });
    await page.evaluate("navigator.clipboard.writeText('')");
    await page.getByRole('link', { name: 'Security' }).click();
    await page.getByRole('heading', { name: 'Security' }).waitFor();
    await leavesNoTrace(page, value);
    await isForgotten(page, value);
    // The browser's own way back shows the list, and no value either.
    await page.goBack();
    await page.getByRole('link', { name: 'ci', exact: true }).waitFor();
    await leavesNoTrace(page, value);
  });

  test('leaving with the browser’s back takes the value along', async () => {
    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByLabel('Name').fill('left behind');
    await page.getByRole('button', { name: 'Create token' }).click();
    await page.getByText('Copy your token now').waitFor();
    const value = (await page.getByRole('dialog').getByRole('code').first().textContent()) ?? '';
    expect(value).toMatch(tokenPattern);
    await page.goBack();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await leavesNoTrace(page, value);
    await page.getByRole('link', { name: 'Security' }).click();
    await page.getByRole('heading', { name: 'Security' }).waitFor();
    await isForgotten(page, value);
  });

  test('rotated and derived: the page of the token tells its story', async () => {
    await page.goto('/account/tokens');
    await page.getByRole('link', { name: 'left behind' }).click();
    await page.getByRole('heading', { name: 'left behind', level: 1 }).waitFor();
    await page.getByRole('button', { name: 'Derive' }).click();
    await page.getByText('Read only').click();
    await page.getByText('15 minutes').click();
    await page.getByRole('button', { name: 'Derive token' }).click();
    const child = await takeValue();
    expect((await selfOf(child)).token).toMatchObject({ name: 'left behind (derived)', grant: { preset: 'readOnly' } });
    await page.getByText('“left behind (derived)” was derived from it').waitFor();

    await page.getByRole('button', { name: 'Rotate' }).click();
    await page.getByRole('button', { name: 'Rotate token' }).click();
    await page.getByText('The old secret goes on until this one is first used').waitFor();
    const successor = await takeValue();
    await page.getByText('Being replaced').waitFor();
    await page.getByText('Rotated: a successor was made').waitFor();
    expect((await selfOf(successor)).token.name).toBe('left behind');
    await page.reload();
    await page.getByText('Revoked', { exact: true }).waitFor();
    // What was derived from it went along.
    expect((await call(cloud.url, 'GET', '/v1/tokens/self', { token: child })).status).toBe(401);
  });

  test('the list is searched, and a narrower token begins like the one that it takes the place of', async () => {
    await page.goto('/account/tokens');
    await page.getByRole('searchbox').fill('echo');
    await page.getByRole('link', { name: 'left behind' }).first().waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'ci', exact: true }).click();
    await page.getByRole('button', { name: 'Make a narrower one' }).click();
    await until('the agent is filled in', async () => {
      return (await page.getByLabel('Only these agents').inputValue()) === 'echo';
    });
    await page.getByRole('checkbox', { name: 'Read logs' }).uncheck();
    await page.getByText('It will be able to see agents in my-team, for the agent echo alone').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  test('a token is shrunk to what it has used', async () => {
    await page.goto(
      '/account/tokens?new=true&name=wide&permission=agents:read,logs:read,org:read&organization=my-team&days=30',
    );
    await page.getByRole('button', { name: 'Create token' }).click();
    const wide = await takeValue();
    expect((await call(cloud.url, 'GET', '/v1/organizations/my-team/services', { token: wide })).status).toBe(200);
    await page.getByRole('link', { name: 'wide', exact: true }).click();
    await page.getByRole('heading', { name: 'wide', level: 1 }).waitFor();
    // Written every few seconds.
    await until('its use shows', async () => {
      await page.reload();
      const use = page.getByText(/Used \d of 3 permissions/);
      await use.waitFor();
      return (await use.textContent())?.includes('Used 1 of 3');
    });
    await page.getByText('Never used:').waitFor();
    await page.getByRole('button', { name: 'Shrink…' }).click();
    await page.getByText('It will be able to see agents in my-team', { exact: false }).waitFor();
    await page.getByRole('button', { name: 'Create token' }).click();
    expect((await selfOf(await takeValue())).token).toMatchObject({
      name: 'wide',
      grant: { permissions: ['agents:read'], organizations: ['my-team'] },
    });
  });

  test('the keyboard alone makes a token', async () => {
    await page.goto('/account/tokens');
    await page.getByRole('link', { name: 'ci', exact: true }).waitFor();
    const focused = () => page.evaluate<string>('document.activeElement?.textContent ?? ""');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to content');
    await page.keyboard.press('Enter');
    await until('the content has the focus', () => page.evaluate("document.activeElement?.id === 'content'"));
    for (const next of ['Something leaked…', 'New token']) {
      await page.keyboard.press('Tab');
      expect(await focused()).toBe(next);
    }
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await until('the focus is in the form', () => page.evaluate<boolean>("document.activeElement?.matches('input')"));
    await page.keyboard.type('by keys');
    await page.keyboard.press('Enter');
    await page.getByText('Copy your token now').waitFor();
    await until('the focus is on the button that closes', async () => {
      await page.keyboard.press('Tab');
      return (await focused()) === 'I have copied it';
    });
    // A value that was not copied is not lost to a stray Escape.
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.getByText('Copy your token now').waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'by keys' }).waitFor();
    await until('the focus is back', async () => (await focused()) === 'New token');
  });

  test('a change of route moves the focus to the heading and names the tab', async () => {
    await page.getByRole('link', { name: 'Members' }).click();
    await page.getByRole('heading', { name: 'Members', level: 1 }).waitFor();
    await until('the heading has the focus', async () => {
      return (await page.evaluate<string>('document.activeElement?.textContent')) === 'Members';
    });
    await until('the tab is named', async () => (await page.title()) === 'Members · Pipecat Cloud');
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
