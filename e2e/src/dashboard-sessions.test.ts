import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyAgent, startSession } from './support/agents.js';
import { appears, clipboard, lookOver, openBrowser, openTab, says } from './support/browser.js';
import { type Cli, createCli } from './support/cli.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { missing } from './support/environment.js';
import { cleanUp } from './support/paths.js';
import { signInOwner } from './support/person.js';
import { until } from './support/wait.js';

const lacking = missing('chromium');
const canary = '<img src=x onerror="window.taken=1">';
const red = '\u001b[31mred\u001b[0m';

describe.skipIf(lacking)(`logs and sessions in the dashboard${lacking ? ` (${lacking})` : ''}`, () => {
  let cloud: Cloud;
  let cli: Cli;
  let browser: Browser;
  let page: Page;
  let session: string;
  const problems: string[] = [];

  beforeAll(async () => {
    cloud = await startCloud();
    cli = createCli({ token: cloud.token(), port: cloud.port });
    const owner = await signInOwner(cloud);
    browser = await openBrowser();
    page = await openTab(browser, cloud.url, { person: owner, problems, reducedMotion: 'reduce' });
    await cli.ok(['deploy', '--yes', '--min-agents', '1', '--max-agents', '3'], { cwd: copyAgent('examples/echo') });
  });
  afterAll(async () => {
    await browser?.close();
    await cleanUp();
  });

  const button = (name: string | RegExp) => page.getByRole('button', { name });
  /** The box itself is for screen readers; what one sees is its label. */
  const level = (name: string) => page.locator('label', { has: page.getByRole('checkbox', { name }) });
  const list = () => page.getByRole('log');
  const say = (...log: string[]) => startSession(cli, 'echo', { seconds: 0, log });
  const numbered = (what: string, count: number) => Array.from({ length: count }, (_, n) => `${what} ${n + 1};`);
  const parameter = (name: string) => new URL(page.url()).searchParams.get(name);
  async function visit(query = ''): Promise<void> {
    await page.goto(`/orgs/my-team/logs${query}`);
    await page.getByRole('heading', { name: 'Logs', level: 1 }).waitFor();
  }

  test('lines come as they are written, as text and nothing else', async () => {
    await visit();
    await page.getByText('Following').waitFor();
    expect(await list().getAttribute('tabindex')).toBe('0');
    session = await say(`hello ${canary}`, `${red} alert`, 'first\nERROR: the room is full');
    await list().getByText(`hello ${canary}`).waitFor();
    await list().getByText('red alert').waitFor();
    expect(await list().locator('img').count()).toBe(0);
  });

  test('filters stand in the address', async () => {
    const error = page.getByRole('checkbox', { name: 'ERROR' });
    await error.focus();
    await page.keyboard.press('Space');
    await list().getByText('the room is full').waitFor();
    await list().getByText('red alert').waitFor({ state: 'detached' });
    await until('the filter stands in the address', () => parameter('level') === 'ERROR');
    expect(await error.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);
    await page.getByLabel('Text').fill('nothing has this');
    await button('Filter').click();
    await page.getByText('No line matches').waitFor();
    await page.reload();
    await page.getByText('No line matches').waitFor();
    expect(await page.getByLabel('Text').inputValue()).toBe('nothing has this');
    await button('Take all away').click();
    await list().getByText('red alert').waitFor();
  });

  test('a link to a line shows it among those around it', async () => {
    const chosen = page.getByRole('region', { name: 'The chosen line' });
    await list().focus();
    await level('ERROR').click();
    await list().getByText('red alert').waitFor({ state: 'detached' });
    await list().getByText('the room is full').locator('..').getByRole('link').click();
    await chosen.getByText('the room is full').waitFor();
    await chosen.getByText(session).waitFor();
    // What is read stays in view.
    await button('To the end').waitFor();
    await button('Copy a link to it').click();
    const link = await clipboard(page, /\/orgs\/my-team\/logs\?agent=echo&line=/);
    await page.goto(link);
    await chosen.getByText('the room is full').waitFor();
    const around = list().locator('[aria-current]');
    expect(await around.textContent()).toContain('the room is full');
    await list().getByText('red alert').waitFor();
    expect(await lookOver(page)).toEqual([]);
    // The arrow keys choose the next ones, and the address goes along.
    const before = parameter('line');
    await list().focus();
    await page.keyboard.press('ArrowUp');
    await chosen.getByText('first').waitFor();
    await until('the address goes along', () => parameter('line') !== before);
    await page.keyboard.press('Escape');
    await chosen.waitFor({ state: 'detached' });
    await button('Go to the newest lines').click();
    await page.getByText('Following').waitFor();
  });

  test('scrolled up, the lines stay where they are and new ones are counted', async () => {
    await say(...numbered('many', 3000));
    await list().getByText('many 3000;').waitFor();
    await list().hover();
    await page.mouse.wheel(0, -5000);
    await button('To the end').waitFor();
    const top = () => list().evaluate((element) => element.scrollTop);
    let before = -1;
    let still = 0;
    // Still for long enough that what is left of the turn of the wheel, and the heights that rows turn out to have, are in it.
    await until('it has come to rest', async () => {
      await page.evaluate('new Promise(requestAnimationFrame)');
      const now = await top();
      still = now === before ? still + 1 : 0;
      before = now;
      return still === 10;
    });
    await say(...numbered('later', 20));
    await button(/\d+ new lines/).waitFor();
    expect(await top()).toBe(before);
    await button(/new lines/).click();
    await list().getByText('later 20;').waitFor();
    await page.getByText('Following').waitFor();
  });

  test('while the control plane is away it says so, and then goes on without missing or repeating a line', async () => {
    const old = cloud.pid('server');
    const said = appears(page, 'Connecting…');
    await cloud.kill('server');
    await said;
    await until('the server runs again', () => cloud.pid('server') !== undefined && cloud.pid('server') !== old);
    // Each by a name of its own: one may be told as failed and still have begun.
    let attempt = 0;
    await until('a session starts', async () => {
      attempt += 1;
      const body = JSON.stringify({ seconds: 0, log: numbered(`again ${attempt}:`, 3) });
      return (await cli(['agent', 'start', 'echo', '--data', body])).code === 0;
    });
    await list().getByText(`again ${attempt}: 3;`).waitFor();
    await page.getByText('Following').waitFor();
    expect(await list().getByText(`again ${attempt}: 1;`).count()).toBe(1);
    expect(await list().getByText('later 20;').count()).toBe(1);
  });

  test('sessions are listed, filtered by the address, and paged', async () => {
    const open = await startSession(cli, 'echo', { seconds: 600, log: numbered('kept', 300) });
    await page.goto('/orgs/my-team/sessions');
    const row = (id: string) => page.getByRole('row').filter({ hasText: id });
    await row(open).getByText('Active').waitFor();
    await row(session).getByText('Completed').waitFor();
    expect(await lookOver(page)).toEqual([]);
    await page.getByLabel('State').selectOption('active');
    await row(session).waitFor({ state: 'detached' });
    await until('the filter stands in the address', () => parameter('status') === 'active');
    await page.reload();
    await row(open).waitFor();
    expect(await row(session).count()).toBe(0);
    await page.goto('/orgs/my-team/sessions?page=7');
    await page.getByText('No session matches').waitFor();
    await button('Newer sessions').waitFor();
    // What is listed goes on by itself.
    await page.goto('/orgs/my-team/sessions?status=active');
    await row(open).waitFor();
    const another = await startSession(cli, 'echo', { seconds: 600 });
    await row(another).waitFor();
    await cli.ok(['agent', 'stop', 'echo', '--session-id', another, '--force']);
    await row(another).waitFor({ state: 'detached' });
    await page.getByRole('link', { name: open }).click();
    await page.getByRole('heading', { name: 'Session', level: 1 }).waitFor();
  });

  test('a session shows how it started, what it used beside what it wrote, and is stopped', async () => {
    const trace = page.getByRole('region', { name: 'Where its start took time' });
    await trace.getByText('activate').waitFor();
    await list().getByText('kept 300;').waitFor();
    const cpu = page.getByRole('slider', { name: /CPU/ });
    await cpu.waitFor();
    expect(await lookOver(page)).toEqual([]);
    // The first time in the chart is before the first line.
    await cpu.focus();
    await page.keyboard.press('Home');
    await list().getByText('kept 1;').waitFor();
    await button('Stop it').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Stop session' }).click();
    await says(page, 'The session is stopped.');
    await page.getByRole('region', { name: 'What it is' }).getByText('Stopped', { exact: true }).waitFor();
    await page.getByText('The session has ended: these are its last lines').waitFor();
    await button('Stop it').waitFor({ state: 'detached' });
  });

  test('no page had an error of its own', () => {
    expect(problems).toEqual([]);
  });
});
