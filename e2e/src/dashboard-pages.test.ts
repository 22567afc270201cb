import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyAgent } from './support/agents.js';
import { accessibilityProblems, fits, openBrowser, openTab } from './support/browser.js';
import { createCli } from './support/cli.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { missing, resources } from './support/environment.js';
import { cleanUp } from './support/paths.js';
import { acceptInvitation, type Person, signInOwner } from './support/person.js';
import { until } from './support/wait.js';

const lacking = missing('chromium');
const org = 'my-team';
/** Runs where a page takes text for markup, and is seen where it is shown as text. */
const canary = (where: string) => `<img src=x onerror="window.taken='${where}'">`;

describe.skipIf(lacking)(`the pages of the dashboard${lacking ? ` (${lacking})` : ''}`, () => {
  let cloud: Cloud;
  let browser: Browser;
  let owner: Person;
  let dana: Person;
  let page: Page;
  let buildId: string;
  const problems: string[] = [];
  /** Address and heading of every page that one reaches signed in. */
  const pages: [path: string, heading: string | RegExp][] = [];

  beforeAll(async () => {
    cloud = await startCloud();
    owner = await signInOwner(cloud);
    browser = await openBrowser();
    await furnish();
    page = await openTab(browser, cloud.url, { person: owner, problems, reducedMotion: 'reduce' });
  });

  afterAll(async () => {
    await browser?.close();
    await cleanUp();
  });

  /** Something on every page, with markup wherever people and programs put text. */
  async function furnish(): Promise<void> {
    await owner.updateOrganization(org, { verboseName: canary('organization') });
    dana = await acceptInvitation(
      cloud,
      (await owner.createInvitation(org, { email: 'dana@example.com', role: 'developer' })).link,
    );
    await owner.createInvitation(org, { email: '"<b>eve</b>"@example.com', role: 'viewer' }).catch(() => {});
    const account = { name: 'ci', role: 'developer', description: canary('description') } as const;
    const { serviceAccount } = await owner.createServiceAccount(org, account);
    const grant = { preset: 'deploy', agents: ['echo'], networks: ['127.0.0.0/8', '::1'] } as const;
    await owner.createServiceAccountToken(org, serviceAccount.id, {
      name: canary('service token'),
      grant: { ...grant, agents: [...grant.agents], networks: [...grant.networks] },
    });
    const { token, value } = await owner.createToken({ name: canary('token') });
    await owner.deriveToken(token.id, { name: canary('derived'), expiresInMinutes: 60 });
    const old = await owner.createToken({ name: 'GitHub deploy', expiresInDays: 7 });
    await owner.rotateToken(old.token.id);
    await dana.createToken({ name: canary('token of another') });
    await fetch(`${cloud.url}/v1/users`, {
      headers: { authorization: `Bearer ${value}`, 'user-agent': canary('user agent') },
    });
    for (const type of ['public', 'private'] as const) await owner.createApiKey(org, { name: canary(type), type });
    await owner.createWebhook(org, { url: `https://example.com/?q=${encodeURIComponent(canary('webhook'))}` });
    await owner.patchProperties(org, { defaultRegion: canary('region') }).catch(() => {});
    await furnishAgents();
    pages.push(
      ['/account/tokens', 'Personal access tokens'],
      ['/account/tokens?new=true&permission=logs:read&agent=echo', 'Personal access tokens'],
      [`/account/tokens/${token.id}`, /token/],
      ['/account/security', 'Security'],
      ['/account/logins', /Sign-ins/],
      ['/account/new-organization', 'New organization'],
      [`/orgs/${org}`, /organization/],
      [`/orgs/${org}/members`, 'Members'],
      [`/orgs/${org}/service-accounts`, 'Service accounts'],
      [`/orgs/${org}/service-accounts/${serviceAccount.id}`, 'ci'],
      [`/orgs/${org}/keys`, 'API keys'],
      [`/orgs/${org}/tokens`, 'Tokens in use'],
      [`/orgs/${org}/policy`, 'Policies'],
      [`/orgs/${org}/audit`, 'Audit log'],
      [`/orgs/${org}/leaks`, 'Leaks'],
      [`/orgs/${org}/webhooks`, 'Webhooks'],
      [`/orgs/${org}/settings`, 'Settings'],
      [`/orgs/${org}/usage?days=7&show=${encodeURIComponent(canary('measure'))}`, 'Usage'],
      ['/installation', 'Installation'],
      [`/orgs/${org}/logs`, 'Logs'],
      [`/orgs/${org}/sessions`, 'Sessions'],
      [`/orgs/${org}/agents/nobody/sessions/${serviceAccount.id}`, 'Session'],
      [`/orgs/${org}/agents/nobody/try`, 'Try nobody'],
      ['/orgs/nowhere', 'You do not reach this organization'],
      ['/device', 'Sign in a device'],
      ['/nowhere', 'There is no page here'],
    );
  }

  /** An agent that runs and one that can't, with builds, secret sets and a region of their own. */
  async function furnishAgents(): Promise<void> {
    await owner.putSecret(org, 'voices', { secretKey: 'VOICE_KEY', secretValue: 'x' });
    await owner.putSecret(org, 'registry', {
      ...{ isImagePullSecret: true, host: 'ghcr.io', secretValue: Buffer.from('ann:x').toString('base64') },
    });
    await owner.registerRegion(org, { regionKey: 'pce-lab', displayName: canary('region name') });
    await owner.createAgentProfile(org, {
      ...{ apiName: 'large', displayName: canary('profile'), resources: { cpu: '2', memory: '4Gi' } },
    });
    await owner.createService(org, { serviceName: 'broken', image: `${canary('image').replaceAll(' ', '/')}:1` });
    const folder = copyAgent('e2e/agents/probe');
    // A step of the build that prints what the log is to show as text.
    const step = ['node', '-e', 'console.log(process.argv[1])', canary('build log')];
    appendFileSync(join(folder, 'pcc-deploy.toml'), `setup = [${JSON.stringify(step)}]\n`);
    const cli = createCli({ token: cloud.token(), port: cloud.port });
    await cli.ok(['deploy', '--yes', '--secrets', 'voices', '--min-agents', '1'], { cwd: folder });
    await owner.startSession(org, 'probe', { body: {} });
    await owner.updateService(org, { serviceName: 'probe', agentProfile: 'large', rollout: { hold: true } });
    const { deployments } = await owner.listDeployments(org, 'probe');
    const [after, before] = deployments;
    buildId = before?.buildId ?? '';
    pages.push(
      [`/orgs/${org}/agents`, 'Agents'],
      [`/orgs/${org}/agents/probe`, 'probe'],
      [`/orgs/${org}/agents/probe/deployments?from=${before?.id}&to=${after?.id}`, 'probe'],
      [`/orgs/${org}/agents/probe/secrets`, 'probe'],
      [`/orgs/${org}/agents/probe/settings`, 'probe'],
      [`/orgs/${org}/agents/broken`, 'broken'],
      [`/orgs/${org}/agents/broken/deployments`, 'broken'],
      [`/orgs/${org}/builds`, 'Builds'],
      [`/orgs/${org}/builds/${buildId}`, /^Build/],
      [`/orgs/${org}/secrets`, 'Secret sets'],
      [`/orgs/${org}/secrets/voices`, 'voices'],
      [`/orgs/${org}/secrets/registry`, 'registry'],
      [`/orgs/${org}/regions`, 'Regions'],
    );
  }

  async function open(tab: Page, path: string, heading: string | RegExp): Promise<void> {
    await tab.goto(path);
    await arrived(tab, path, heading);
  }

  async function arrived(tab: Page, path: string, heading: string | RegExp): Promise<void> {
    await tab.getByRole('heading', { name: heading, level: 1, includeHidden: true }).waitFor({ state: 'attached' });
    if (path.includes('new=true')) await tab.getByRole('dialog').waitFor();
    await until('all of it is there', async () => (await tab.getByText(/^Loading .*…$/).count()) === 0);
  }

  /** As a link of the dashboard would: without loading it anew, which takes most of the time. */
  async function goTo(path: string, heading: string | RegExp): Promise<void> {
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
    await arrived(page, path, heading);
  }

  test('every page is accessible in light and dark, fits 360 px, and takes no text for markup', {
    timeout: 600_000,
  }, async () => {
    const found: string[] = [];
    await open(page, '/account/security', 'Security');
    for (const [path, heading] of pages) {
      await page.emulateMedia({ colorScheme: 'light' });
      await goTo(path, heading);
      for (const problem of await accessibilityProblems(page)) found.push(`${path}: ${problem}`);
      await page.emulateMedia({ colorScheme: 'dark' });
      for (const problem of await accessibilityProblems(page, ['color-contrast']))
        found.push(`${path}, dark: ${problem}`);
      await page.setViewportSize({ width: 360, height: 800 });
      if (!(await fits(page))) found.push(`${path}: wider than 360 px`);
      await takePictures(path);
      await page.setViewportSize({ width: 1280, height: 800 });
      const taken = await page.evaluate<string | undefined>('window.taken');
      if (taken) found.push(`${path}: the text of ${taken} ran as a script`);
    }
    expect(found).toEqual([]);
  });

  /** For eyes: three widths, light and dark, where a folder for them is named. */
  async function takePictures(path: string): Promise<void> {
    if (!resources.screenshots) return;
    mkdirSync(resources.screenshots, { recursive: true });
    const name = path
      .replace(/\?new.*/, '-new')
      .replace(/\?.*/, '')
      .replace(/[0-9a-f]{8}-[-0-9a-f]{27}/, 'one')
      .replace(/\W+/g, '-');
    for (const width of [360, 768, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        const file = join(resources.screenshots, `${name.slice(1) || 'home'}-${width}-${colorScheme}.png`);
        await page.screenshot({ path: file, fullPage: !path.includes('new=true') });
      }
    }
  }

  test('the canaries were there to be seen', async () => {
    for (const [path, ...wheres] of [
      ['/account/tokens', 'token', 'derived'],
      [`/orgs/${org}/service-accounts`, 'organization', 'description'],
      [`/orgs/${org}/tokens`, 'service token', 'token of another'],
      [`/orgs/${org}/keys`, 'public', 'private'],
      [`/orgs/${org}/audit`, 'private'],
      [`/orgs/${org}/agents/probe/settings`, 'profile'],
      [`/orgs/${org}/builds/${buildId}`, 'build log'],
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
    const tab = await openTab(browser, cloud.url, { person: dana, problems, reducedMotion: 'reduce' });
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

  test('the pages before signing in are accessible too', async () => {
    const tab = await openTab(browser, cloud.url, { problems, reducedMotion: 'reduce' });
    for (const [path, heading] of [
      ['/sign-in', 'Sign in'],
      ['/setup#code=x', 'Set up your Pipecat Cloud'],
      ['/invite#code=x', 'You are invited'],
    ] as const) {
      await tab.goto('about:blank');
      await open(tab, path, heading);
      expect([path, await accessibilityProblems(tab)]).toEqual([path, []]);
    }
    await tab.context().close();
  });

  test('no page had an error of its own', () => {
    expect(problems).toEqual([]);
  });
});
