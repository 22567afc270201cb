import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyAgent, logsHave, sessionEnds, startSession } from './support/agents.js';
import { lookOver, openBrowser, openTab } from './support/browser.js';
import { type Cli, createCli } from './support/cli.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { missing } from './support/environment.js';
import { cleanUp } from './support/paths.js';
import { signInOwner } from './support/person.js';
import { until } from './support/wait.js';

const lacking = missing('chromium');
const canary = '<img src=x onerror="window.taken=1">';

describe.skipIf(lacking)(`talking to an agent in the dashboard${lacking ? ` (${lacking})` : ''}`, () => {
  let cloud: Cloud;
  let cli: Cli;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    cloud = await startCloud();
    cli = createCli({ token: cloud.token(), port: cloud.port });
    const owner = await signInOwner(cloud);
    // A microphone that beeps.
    browser = await openBrowser({ args: ['--use-fake-device-for-media-stream'] });
    page = await openTab(browser, cloud.url, { person: owner, problems, reducedMotion: 'reduce' });
    await cli.ok(['deploy', '--yes', '--min-agents', '1', '--max-agents', '1'], { cwd: copyAgent('examples/echo') });
  });
  afterAll(async () => {
    await browser?.close();
    await cleanUp();
  });

  const button = (name: string) => page.getByRole('button', { name });
  const sessionId = async () =>
    (await page.getByRole('link', { name: /^[0-9a-f]{8}-[0-9a-f-]{27}$/ }).textContent()) ?? '';
  /** The one place is free again a moment after its session has ended. */
  const instanceWaits = () =>
    until('an instance waits', async () => {
      const { idle } = await cloud.client(cloud.token()).getCapacity('my-team', 'echo');
      return idle > 0;
    });
  const says = (who: string, text: string) =>
    page.getByRole('listitem').filter({ hasText: who }).getByText(text).waitFor();

  test('without a microphone it says how to get one, and a typed line comes back', async () => {
    await page.goto('/orgs/my-team/sessions');
    await page.getByRole('link', { name: 'Try it' }).click();
    await page.getByRole('heading', { name: 'Try echo', level: 1 }).waitFor();
    expect(await lookOver(page)).toEqual([]);
    await button('Start talking').click();
    await page.getByText('The browser does not let this page use the microphone').waitFor();
    expect(await lookOver(page)).toEqual([]);
    await button('Go on without a microphone').click();
    await page.getByText('Connected', { exact: true }).waitFor();
    await page.getByLabel('Say it in writing').fill(`Hello ${canary}`);
    await page.keyboard.press('Enter');
    await says('You', `Hello ${canary}`);
    await says('Agent', `Hello ${canary}`);
    expect(await lookOver(page)).toEqual([]);
    const id = await sessionId();
    await button('Leave').click();
    await page.getByText('Not connected').waitFor();
    expect(await sessionEnds(cli, 'echo', id)).toMatchObject({ completionStatus: expect.any(String) });
  });

  test('with one, what is said comes back, and leaving the page ends the session', async () => {
    await page.context().grantPermissions(['microphone'], { origin: cloud.url });
    await page.getByRole('checkbox', { name: 'With the microphone' }).check();
    await instanceWaits();
    await button('Start talking').click();
    await page.getByText('Connected', { exact: true }).waitFor();
    const id = await sessionId();
    for (const who of ['You', 'echo']) {
      const meter = page.getByLabel(`How loud: ${who}`);
      await meter.evaluate(async (element) => {
        while ((element as unknown as { value: number }).value < 0.3) await new Promise((done) => setTimeout(done, 20));
      });
    }
    await page.getByRole('link', { name: 'Members' }).click();
    await page.getByRole('heading', { name: 'Members', level: 1 }).waitFor();
    await sessionEnds(cli, 'echo', id);
    await logsHave(cli, 'echo', id, 'Client disconnected');
  });

  test('where all places are taken it says so, and later takes one', async () => {
    await instanceWaits();
    const taken = await startSession(cli, 'echo', { seconds: 600 });
    // By the router, from a page that may not use the microphone: it is loaded anew.
    await page.goto('/orgs/my-team/members');
    await page.evaluate(
      "history.pushState({}, '', '/orgs/my-team/agents/echo/try'); dispatchEvent(new PopStateEvent('popstate'))",
    );
    await button('Start talking').click();
    await page.getByText('All places of echo are taken: max_agents is 1').waitFor();
    expect(await lookOver(page)).toEqual([]);
    await cli.ok(['agent', 'stop', 'echo', '--session-id', taken, '--force']);
    await sessionEnds(cli, 'echo', taken);
    await instanceWaits();
    await button('Try again').click();
    await page.getByText('Connected', { exact: true }).waitFor();
    await button('Leave').click();
  });

  test('no page had an error of its own', async () => {
    expect(await page.evaluate('window.taken')).toBeUndefined();
    expect(problems).toEqual([]);
  });
});
