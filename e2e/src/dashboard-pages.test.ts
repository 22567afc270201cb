import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessibilityProblems, lookOver, openBrowser, openTab } from './support/browser.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { missing, resources } from './support/environment.js';
import { canary, type Furnished, furnish, org } from './support/furnished.js';
import { cleanUp } from './support/paths.js';
import { type Person, signInOwner } from './support/person.js';
import { until } from './support/wait.js';

const lacking = missing('chromium');

describe.skipIf(lacking)(`the pages of the dashboard${lacking ? ` (${lacking})` : ''}`, () => {
  let cloud: Cloud;
  let browser: Browser;
  let owner: Person;
  let page: Page;
  let furnished: Furnished;
  const problems: string[] = [];

  beforeAll(async () => {
    cloud = await startCloud();
    owner = await signInOwner(cloud);
    browser = await openBrowser();
    furnished = await furnish(cloud, owner);
    page = await openTab(browser, cloud.url, { person: owner, problems, reducedMotion: 'reduce' });
  });

  afterAll(async () => {
    await browser?.close();
    await cleanUp();
  });

  async function open(tab: Page, path: string, heading: string | RegExp): Promise<void> {
    await tab.goto(path);
    await arrived(tab, path, heading);
  }

  async function arrived(tab: Page, path: string, heading: string | RegExp, text?: string): Promise<void> {
    await tab.getByRole('heading', { name: heading, level: 1, includeHidden: true }).waitFor({ state: 'attached' });
    if (text) await tab.getByText(text).first().waitFor();
    if (path.includes('new=true')) await tab.getByRole('dialog').waitFor();
    await until('all of it is there', async () => (await tab.getByText(/^Loading .*…$/).count()) === 0);
  }

  /** As a link of the dashboard would: without loading it anew, which takes most of the time. */
  async function goTo(path: string): Promise<void> {
    await page.evaluate(`
      window.arrived = location.pathname === new URL(${JSON.stringify(path)}, location).pathname;
      document.activeElement?.blur();
      addEventListener('focusin', ({ target }) => (window.arrived ||= target.matches('#content, #content h1')));
      history.pushState({}, '', ${JSON.stringify(path)}); dispatchEvent(new PopStateEvent('popstate'));
      undefined`);
    // The page before stays until the code of this one is there, and its heading may be the same; the focus goes to this one's.
    // One that may use the microphone is loaded anew and knows nothing of all this; one without that frame has a heading of its own.
    const isThere = () => page.evaluate<boolean>("window.arrived !== false || !document.getElementById('content')");
    await until(`${path} takes the place of the page before`, isThere, 10_000).catch(() => undefined);
  }

  /** What is wrong with a page as it stands, for whoever uses it and for what people wrote in it. */
  async function judge(tab: Page, path: string): Promise<string[]> {
    const found = (await lookOver(tab)).map((problem) => `${path}: ${problem}`);
    await takePictures(tab, path);
    const taken = await tab.evaluate<string | undefined>('window.taken');
    return taken ? [...found, `${path}: the text of ${taken} ran as a script`] : found;
  }

  test.each(['people', 'agents'] as const)(
    'every page of %s is accessible in light and dark, fits 360 px, and takes no text for markup',
    async (part) => {
      const found: string[] = [];
      await open(page, '/account/security', 'Security');
      for (const [path, heading, text] of furnished.pages[part]) {
        await goTo(path);
        await arrived(page, path, heading, text);
        found.push(...(await judge(page, path)));
      }
      expect(found).toEqual([]);
    },
    600_000,
  );

  /** For eyes: three widths, light and dark, where a folder for them is named. */
  async function takePictures(tab: Page, path: string): Promise<void> {
    if (!resources.screenshots) return;
    mkdirSync(resources.screenshots, { recursive: true });
    const name = path
      .replace(/[?#](new|code)?.*/, (_, kind = '') => `-${kind}`)
      .replace(/[0-9a-f]{8}-[-0-9a-f]{27}/, 'one')
      .replace(/\W+/g, '-')
      .replace(/^-|-$/g, '');
    for (const width of [360, 768, 1280]) {
      await tab.setViewportSize({ width, height: 800 });
      for (const colorScheme of ['light', 'dark'] as const) {
        await tab.emulateMedia({ colorScheme });
        // Charts are drawn anew for another width and other colours.
        await tab.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
        const file = join(resources.screenshots, `${name || 'home'}-${width}-${colorScheme}.png`);
        await tab.screenshot({ path: file, fullPage: !path.includes('new=true') });
      }
    }
    await tab.emulateMedia({ colorScheme: 'light' });
  }

  test('the canaries were there to be seen', async () => {
    for (const [path, ...wheres] of [
      ['/account/tokens', 'token', 'derived'],
      [`/orgs/${org}/service-accounts`, 'organization', 'description'],
      [`/orgs/${org}/tokens`, 'service token', 'token of another'],
      [`/orgs/${org}/keys`, 'public', 'private'],
      [`/orgs/${org}/audit`, 'private'],
      [`/orgs/${org}/agents/probe/settings`, 'profile'],
      [`/orgs/${org}/builds/${furnished.buildId}`, 'build log'],
      [`/orgs/${org}/regions`, 'region name'],
    ] as const) {
      await page.goto(path);
      for (const where of wheres) await page.getByText(canary(where)).first().waitFor({ state: 'attached' });
    }
  });

  test('below 1024 px the menu is a drawer that leads on and closes', async () => {
    await page.setViewportSize({ width: 360, height: 800 });
    await open(page, '/account/tokens', 'Personal access tokens');
    await page.getByRole('button', { name: 'Menu' }).click();
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.getByRole('dialog', { name: 'Menu' }).getByRole('link', { name: 'Audit log' }).click();
    await page.getByRole('heading', { name: 'Audit log', level: 1 }).waitFor();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  test('the appearance that was chosen stays', async () => {
    await page.emulateMedia({ colorScheme: 'light' });
    const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const light = await background();
    await page.getByLabel('Appearance').selectOption('dark');
    await until('it is dark', async () => (await background()) !== light);
    await page.reload();
    await page.getByLabel('Appearance').waitFor();
    await until('it is still dark', async () => (await background()) !== light);
    await page.getByLabel('Appearance').selectOption('system');
    await until('it is light', async () => (await background()) === light);
  });

  test('who may not see a page is told what it takes and who can grant it', async () => {
    const tab = await openTab(browser, cloud.url, { person: furnished.dana, problems, reducedMotion: 'reduce' });
    for (const [path, permission] of [
      ['audit', 'audit:read'],
      ['tokens', 'members:write'],
      ['webhooks', 'org:write'],
    ]) {
      await tab.goto(`/orgs/${org}/${path}`);
      await tab.getByText('Your role here does not let you').waitFor();
      const shown = tab.getByRole('region', { name: 'No permission' });
      await shown.getByText('owner@example.com').waitFor();
      expect(await shown.textContent()).toContain(`${permission}, which begins with the role admin`);
    }
    expect(await accessibilityProblems(tab)).toEqual([]);
    // She sees the rules, and is not offered to change them.
    await tab.goto(`/orgs/${org}/policy`);
    await tab.getByText('changing them takes the role admin').waitFor();
    expect(await tab.getByLabel('Longest life of a token').isDisabled()).toBe(true);
    await tab.context().close();
  });

  test('an error says why, and trying again mends it', async () => {
    const answer = { error: 'The database does not answer', code: '503' };
    await page.route('**/v1/tokens', (route) => route.fulfill({ status: 503, json: answer }));
    await page.goto('/account/tokens');
    await page.getByText(answer.error).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.unroute('**/v1/tokens');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText(canary('token')).first().waitFor();
    await page.getByText(answer.error).waitFor({ state: 'detached' });
  });

  test('offline the page says so and keeps what it has; back, it reads on', async () => {
    await page.getByRole('link', { name: 'Members' }).click();
    await page.getByText('dana@example.com').first().waitFor();
    await page.getByRole('link', { name: 'Access tokens' }).click();
    await page.getByText(canary('token')).first().waitFor();
    await page.context().setOffline(true);
    await page.getByText('You are offline. What you see is as it was').waitFor();
    await page.getByRole('link', { name: 'Members' }).click();
    await page.getByText('dana@example.com').first().waitFor();
    // A change fails at once, and is not made later behind one's back.
    await page.getByLabel('Role of dana@example.com').selectOption('viewer');
    await page.getByText('cannot be reached').waitFor();
    await until('the role stays', async () => {
      return (await page.getByLabel('Role of dana@example.com').inputValue()) === 'developer';
    });
    await page.context().setOffline(false);
    await page.getByText('You are offline').waitFor({ state: 'detached' });
    expect((await owner.listMembers(org)).members.map(({ role }) => role)).toContain('developer');
  });

  test('a session that ends in mid-work is renewed over the page, and nothing typed is lost', async () => {
    await page.goto('/account/tokens?new=true');
    await page.getByLabel('Name').fill('Half typed');
    await page.getByText('Deploy from CI').click();
    await page.context().clearCookies();
    await page.getByRole('button', { name: 'Create token' }).click();
    await page.getByRole('heading', { name: 'Your session has ended' }).waitFor();
    // Nothing of what was shown can be read meanwhile.
    expect(await page.getByText('Half typed').isVisible()).toBe(false);
    expect(await page.getByText('Personal access tokens').isVisible()).toBe(false);
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(await page.getByLabel('E-mail address').inputValue()).toBe('owner@example.com');
    await page.getByRole('button', { name: 'Send me a code' }).click();
    await page.getByLabel('Code').fill(
      await until('the code is shown in the terminal', () => {
        return /Sign-in code for owner@example.com: (\d{8})/.exec(cloud.process.stdout())?.[1];
      }),
    );
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('heading', { name: 'Your session has ended' }).waitFor({ state: 'detached' });
    expect(await page.getByLabel('Name').inputValue()).toBe('Half typed');
    await page.getByRole('button', { name: 'Create token' }).click();
    await page.getByText('Copy your token now').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByRole('link', { name: 'Half typed' }).waitFor();
  });

  test('a program that asks to be signed in is shown with its name and where it is', async () => {
    const program = canary('program');
    const started = await fetch(`${cloud.url}/oauth/device/code`, {
      method: 'POST',
      headers: { 'user-agent': program },
      body: new URLSearchParams({ client_id: 'pcc-cli', scope: 'openid' }),
    });
    const { user_code: code } = (await started.json()) as { user_code: string };
    await open(page, `/device?user_code=${code}`, 'Sign in a device');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText(program).waitFor();
    await page.getByText(/127\.0\.0\.1|::1/).waitFor();
    expect(await judge(page, '/device-asks')).toEqual([]);
    await page.getByRole('button', { name: 'Refuse' }).click();
    await page.getByRole('heading', { name: 'The sign-in was refused' }).waitFor();

    const redirect = 'http://127.0.0.1:8400/oauth_callback';
    const challenge = createHash('sha256').update(randomBytes(32)).digest('base64url');
    const asked = { client_id: 'pcc-cli', response_type: 'code', redirect_uri: redirect, scope: 'openid' };
    const proof = { code_challenge: challenge, code_challenge_method: 'S256', state: 'state-0123456789' };
    await open(page, `/oauth/authorize?${new URLSearchParams({ ...asked, ...proof })}`, 'Sign in the command line');
    await page.getByText(redirect).waitFor();
    expect(await judge(page, '/oauth/consent')).toEqual([]);
  });

  test('the pages before signing in are accessible too', async () => {
    const tab = await openTab(browser, cloud.url, { problems, reducedMotion: 'reduce' });
    for (const [path, heading] of [
      ['/sign-in', 'Sign in'],
      ['/setup#code=x', 'Set up your Pipecat Cloud'],
      ['/setup', 'This link is not whole'],
      ['/invite#code=x', 'You are invited'],
    ] as const) {
      await tab.goto('about:blank');
      await open(tab, path, heading);
      expect(await judge(tab, path)).toEqual([]);
    }
    await tab.context().close();
  });

  test('no page had an error of its own', () => {
    expect(problems).toEqual([]);
  });
});
