import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyAgent, sessionEnds, startSession } from './support/agents.js';
import { openBrowser, openTab } from './support/browser.js';
import { type Cli, createCli } from './support/cli.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { missing, plainEnvironment } from './support/environment.js';
import { cleanUp, root, temporaryFolder } from './support/paths.js';
import { acceptInvitation, type Person, signInOwner } from './support/person.js';
import { until } from './support/wait.js';

const lacking = missing('chromium');
const org = 'my-team';

describe.skipIf(lacking)(`usage and health in the dashboard${lacking ? ` (${lacking})` : ''}`, () => {
  let cloud: Cloud;
  let cli: Cli;
  let owner: Person;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    cloud = await startCloud({ env: { PIPECAT_CLOUD_SESSION_MINUTE_CENTS: '60' } });
    owner = await signInOwner(cloud);
    cli = createCli({ token: cloud.token(), port: cloud.port });
    browser = await openBrowser();
    page = await openTab(browser, cloud.url, { person: owner, problems });
  });
  afterAll(async () => {
    await browser?.close();
    await cloud?.stop();
    await cleanUp();
  });

  const table = () => page.getByRole('table', { name: 'Usage by agent' });

  test('before anything was warm the page says what to do', async () => {
    await page.goto(`/orgs/${org}/usage`);
    await page.getByText('No agent was in use or kept warm on these days').waitFor();
  });

  test('a session and idle time are in the charts, the table, the file and the command line', async () => {
    await cli.ok(['deploy', '--yes', '--min-agents', '1', '--max-agents', '2'], { cwd: copyAgent('examples/echo') });
    const session = await startSession(cli, 'echo', { seconds: 1 });
    await sessionEnds(cli, 'echo', session);
    await until('usage has both', async () => {
      const usage = await cli.json<{ agents: { days: { sessionSeconds: number; idleSeconds: number }[] }[] }>([
        'usage',
      ]);
      const days = usage.agents[0]?.days ?? [];
      return days.some(({ sessionSeconds }) => sessionSeconds > 0) && days.some(({ idleSeconds }) => idleSeconds > 0);
    });
    await page.reload();
    await table().getByText('echo').waitFor();
    expect(await table().getByRole('cell').nth(1).textContent()).toContain('1');
    await page.getByText('of the warm minutes served nobody').waitFor();
    await page.getByText(/for sessions\. Idle minutes are not charged/).waitFor();

    // A chart is walked through by the keyboard, and says what it shows.
    const chart = page.getByRole('slider', { name: /^Warm minutes by day/ });
    await chart.focus();
    await page.keyboard.press('End');
    const told = /^\w+ \d+, \d{4}: With a session [\d.]+, Idle [\d.]+$/;
    await until('the last day is told', async () => told.test((await chart.getAttribute('aria-valuetext')) ?? ''));
    await page.keyboard.press('Home');
    await until('the first day is told', async () => (await chart.getAttribute('aria-valuenow')) === '1');
    await page.getByText('Show as table').first().click();
    await page.getByRole('table', { name: 'Warm minutes by day' }).waitFor();

    await page.getByText('Idle minutes', { exact: true }).click();
    await page.getByText('Idle minutes by agent and day').waitFor();
    await page.getByText('7 days', { exact: true }).click();
    await until('the view is in the address', () => /days=%?"?7/.test(decodeURIComponent(page.url())));
    await page.reload();
    await page.getByText('Idle minutes by agent and day').waitFor();
    expect(await page.getByRole('slider', { name: /^Warm/ }).getAttribute('aria-valuemax')).toBe('7');

    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download CSV' }).click();
    const file = readFileSync(await (await download).path(), 'utf8');
    // A day ends at midnight of UTC: then there are two.
    expect(file).toMatch(
      /^day,agent,sessions,session_seconds,idle_seconds\r\n(?:\d{4}-\d\d-\d\d,echo,[01],\d+,\d+\r\n)+$/,
    );
  });

  test('the installation is seen by its owner, with the backup that was made; nobody else', async () => {
    await page.getByRole('link', { name: 'Health' }).click();
    await page.getByRole('heading', { name: 'Installation', level: 1 }).waitFor();
    await page.getByRole('table', { name: 'Workers' }).getByText('Connected').waitFor();
    await page.getByText('No backup is known').waitFor();
    const file = join(temporaryFolder('backup'), 'copy.db');
    const backup = promisify(execFile)('npm', ['run', 'backup', '--', file], {
      cwd: root,
      env: plainEnvironment({ PIPECAT_CLOUD_DATA_DIR: cloud.dataDir }),
    });
    expect((await backup).stdout).toContain(file);
    await page.getByText(/The last one was made/).waitFor();

    const { link } = await owner.createInvitation(org, { email: 'dana@example.com', role: 'admin' });
    const dana = await openTab(browser, cloud.url, { person: await acceptInvitation(cloud, link), problems });
    await dana.goto('/installation');
    await dana.getByText('You do not run this installation').waitFor();
    expect(await dana.getByRole('link', { name: 'Health' }).count()).toBe(0);
  });

  test('nothing went wrong in the pages', () => {
    expect(problems).toEqual([]);
  });
});
