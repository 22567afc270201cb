import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyAgent, sessionEnds, sessionOf, startSession } from './support/agents.js';
import { call } from './support/api.js';
import { openBrowser, openTab } from './support/browser.js';
import { type Cli, createCli } from './support/cli.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { missing, plainEnvironment } from './support/environment.js';
import { cleanUp, inRoot, root, temporaryFolder } from './support/paths.js';
import { acceptInvitation, type Person, signInOwner } from './support/person.js';
import { until } from './support/wait.js';

const lacking = missing('chromium');
const org = 'my-team';
const env = { PIPECAT_CLOUD_SESSION_MINUTE_CENTS: '60' };
const commands = [...readFileSync(inRoot('docs/backups.md'), 'utf8').matchAll(/^```sh\n(.*?)^```/gms)].map(
  ([, text = '']) => text,
);

describe.skipIf(lacking)(`usage and health in the dashboard${lacking ? ` (${lacking})` : ''}`, () => {
  let cloud: Cloud;
  let cli: Cli;
  let owner: Person;
  let browser: Browser;
  let page: Page;
  /** Ended before the backup. */
  let session: string;
  let shelf: string;
  const problems: string[] = [];

  beforeAll(async () => {
    cloud = await startCloud({ env });
    owner = await signInOwner(cloud);
    cli = createCli({ token: cloud.token(), port: cloud.port });
    browser = await openBrowser();
    shelf = temporaryFolder('backup');
    page = await openTab(browser, cloud.url, { person: owner, problems });
  });
  afterAll(async () => {
    await browser?.close();
    await cloud?.stop();
    await cleanUp();
  });

  const button = (name: string) => page.getByRole('button', { name });
  const operate = async (text: string) => {
    const settings = plainEnvironment({ PIPECAT_CLOUD_DATA_DIR: cloud.dataDir });
    return (await promisify(execFile)('bash', ['-ec', text], { cwd: root, env: settings })).stdout;
  };
  /** Runs a block of commands of docs/backups.md, with places of this machine. */
  const asDocumented = async (what: 'backup' | 'restore') => {
    // Between the two stands PostgreSQL's.
    const text = (what === 'backup' ? commands[0] : commands[2]) ?? '';
    return await operate(
      text.replaceAll(/\/(backups|elsewhere)\//g, `${shelf}/`).replaceAll(' data/', ` ${cloud.dataDir}/`),
    );
  };
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
    // Its bars have the colours of its legend, also in the other appearance. A second of a session may be no pixel high: the idle time is.
    const inColours = () =>
      page.evaluate<boolean>(`(() => {
        const figure = document.querySelector('figure:has(canvas)');
        const canvas = figure.querySelector('canvas');
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const drawn = new Set();
        for (let at = 0; at < data.length; at += 4) drawn.add(data.slice(at, at + 3).join());
        const named = [...figure.querySelectorAll('[style*=background]')].map((swatch) => {
          const paint = document.createElement('canvas').getContext('2d');
          paint.fillStyle = getComputedStyle(swatch).backgroundColor;
          paint.fillRect(0, 0, 1, 1);
          return paint.getImageData(0, 0, 1, 1).data.slice(0, 3).join();
        });
        return named.length === 2 && drawn.has(named[1]);
      })()`);
    await until('the bars have the colours of the legend', inColours);
    // New figures would draw all of it anew.
    await page.route(/\/usage/, () => undefined);
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme });
      await until(`the bars have those of the ${colorScheme} legend`, inColours);
    }
    await page.unrouteAll({ behavior: 'ignoreErrors' });
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
    session = await startSession(cli, 'echo', { seconds: 1 });
    await sessionEnds(cli, 'echo', session);
    expect(await asDocumented('backup')).toContain('pipecat-2027-01-31.db');
    await page.getByText(/The last one was made/).waitFor();

    const { link } = await owner.createInvitation(org, { email: 'dana@example.com', role: 'admin' });
    const dana = await openTab(browser, cloud.url, { person: await acceptInvitation(cloud, link), problems });
    await dana.goto('/installation');
    await dana.getByText('You do not run this installation').waitFor();
    expect(await dana.getByRole('link', { name: 'Health' }).count()).toBe(0);
  });

  test('of what only a database knows that does not answer, the page says that it is not known', async () => {
    await page.route('**/v1/installation/health', async (route) => {
      const health = await (await route.fetch()).json();
      const unknown = { version: null, bytes: null, latencyMs: null, migrations: null, lastMigration: null };
      const database = { ...health.database, ...unknown, error: 'refused' };
      await route.fulfill({ json: { ...health, database, lastBackupAt: null, workers: [] } });
    });
    await page.goto('/installation');
    await page.getByText('It does not answer').waitFor();
    await page.getByText('Only connected ones are known').waitFor();
    await page.getByText('No worker is connected', { exact: true }).waitFor();
    await page.getByText('When the last one was made is not known').waitFor();
    for (const wrong of ['No worker is enrolled', 'No backup is known'])
      expect(await page.getByText(wrong).count()).toBe(0);
    await page.unroute('**/v1/installation/health');
    await page.reload();
    await page.getByText(/The last one was made/).waitFor();
  });

  test('what was backed up is put back as the page says: tokens, sign-ins, sessions and the audit chain hold', async () => {
    const { value: later } = await owner.createToken({ name: 'after the backup' });
    const laterSession = await startSession(cli, 'echo', { seconds: 600 });
    const at = (file: string) => join(cloud.dataDir, file);
    const newer = readFileSync(at('pipecat-cloud.db-wal'));
    await cloud.stop();
    for (const file of ['pipecat-cloud.db', 'keys.json']) writeFileSync(at(file), 'wrecked');
    // As the machine's power leaves it: changes that are in no database yet.
    writeFileSync(at('pipecat-cloud.db-wal'), newer);
    await asDocumented('restore');
    cloud = await startCloud({ dataDir: cloud.dataDir, port: cloud.port, env });

    // By the first token.
    expect(await sessionOf(cli, 'echo', session)).toMatchObject({ state: 'ended' });
    expect((await cli(['agent', 'sessions', 'echo', '--id', laterSession])).code).not.toBe(0);
    expect((await call(cloud.url, 'GET', '/v1/users', { token: later })).status).toBe(401);
    await page.goto(`/orgs/${org}/audit`);
    await button('Check the chain').click();
    await page.getByText('the chain is whole').waitFor();
    const again = await startSession(cli, 'echo', { seconds: 1 });
    await sessionEnds(cli, 'echo', again);
    expect(await operate('npm run audit:verify')).toMatch(/^ok {6}my-team: \d+ records/m);
  });

  test('nothing went wrong in the pages', () => {
    expect(problems).toEqual([]);
  });
});
