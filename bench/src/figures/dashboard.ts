import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { type Cloud, startCloud } from '../cloud.js';
import { script } from '../environment.js';
import type { Figure, FigureContext, Measurement } from '../figure.js';
import { spreadOf } from '../statistics.js';
import { until } from '../wait.js';
import { measureLogView } from './log-view.js';

const rounds = 7;
const tokens = 50;

/** What the page of tokens costs a browser that has never been there, and a change of route one that has. */
export const dashboard: Figure = {
  name: 'dashboard',
  about: 'first load of the token page, a change of route, and logs that are followed, in Chromium',
  async measure(context) {
    const executablePath = await findBrowser();
    if (!executablePath) {
      context.progress('left out: no Chromium or Chrome on this machine');
      return [];
    }
    const cloud = await startCloud(context.resources);
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
    context.resources.onClose(() => browser.close());
    const cookies = await signIn(browser, cloud);
    const loads = await measureRounds(context, browser, cloud, cookies);
    return [...loads, await measureLogView(context, browser, cloud, cookies)];
  },
};

async function findBrowser(): Promise<string | undefined> {
  const { findChromium } = (await script('programs.mjs')) as { findChromium(): string | undefined };
  return findChromium();
}

export type Cookies = Awaited<ReturnType<BrowserContext['cookies']>>;

/** The owner, with some tokens in the list. */
async function signIn(browser: Browser, cloud: Cloud): Promise<Cookies> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${cloud.url}/sign-in`);
  await page.getByLabel('E-mail address').fill('bench@example.com');
  await page.getByRole('button', { name: 'Send me a code' }).click();
  const printed = () => /code for bench@example.com: (\d{8})/.exec(cloud.notices.join('\n'))?.[1];
  await page.getByLabel('Code').fill(await until('the code is printed', printed));
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  // Where a navigation would break them off, they wait for its end.
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.evaluate(`(async () => {
    for (let n = 0; n < ${tokens}; n++) {
      const body = JSON.stringify({ name: 'token ' + n });
      const headers = { 'content-type': 'application/json', 'x-pipecat-csrf': '1' };
      await fetch('/v1/tokens', { method: 'POST', headers, body });
    }
  })()`);
  const cookies = await context.cookies();
  await context.close();
  return cookies;
}

async function measureRounds(
  { progress }: FigureContext,
  browser: Browser,
  cloud: Cloud,
  cookies: Cookies,
): Promise<Measurement[]> {
  const firsts: FirstLoad[] = [];
  const changes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    progress(`round ${round + 1} of ${rounds}`);
    // A profile of its own: nothing is in any cache.
    const context = await browser.newContext({ baseURL: cloud.url });
    await context.addCookies(cookies);
    const page = await context.newPage();
    firsts.push(await firstLoad(page));
    await changeRoute(page, 'Members');
    await changeRoute(page, 'Access tokens');
    changes.push(await changeRoute(page, 'Members'), await changeRoute(page, 'Access tokens'));
    await context.close();
  }
  const note = `${tokens} tokens in the list, on loopback`;
  const kilobytes = spreadOf(firsts.map(({ scriptBytes }) => scriptBytes / 1000));
  return [
    {
      name: 'dashboard-script',
      unit: 'kB',
      goal: { kind: 'atMost', value: 200 },
      ...value(kilobytes),
      note: `${firsts[0]?.scripts} files`,
    },
    {
      name: 'dashboard-first',
      unit: 'ms',
      goal: { kind: 'atMost', value: 1000 },
      ...value(spreadOf(firsts.map(({ ms }) => ms))),
      note,
    },
    { name: 'dashboard-route', unit: 'ms', goal: { kind: 'atMost', value: 100 }, ...value(spreadOf(changes)), note },
  ];
}

const value = ({ median, ...rest }: ReturnType<typeof spreadOf>) => ({ value: median, ...rest });

interface FirstLoad {
  /** As they came over the wire, headers left out. */
  scriptBytes: number;
  scripts: number;
  /** From the navigation's start until the list is shown and its button takes a click. */
  ms: number;
}

async function firstLoad(page: Page): Promise<FirstLoad> {
  await page.addInitScript(`
    const look = () => {
      const rows = document.querySelectorAll('table[aria-label="Your tokens"] tbody tr').length;
      if (rows > 0) requestAnimationFrame(() => setTimeout(() => { window.shownAt = performance.now(); }));
      else requestAnimationFrame(look);
    };
    look();
  `);
  await page.goto('/account/tokens');
  const ms = await until('the list is shown', () => page.evaluate<number | undefined>('window.shownAt'));
  const sizes = await page.evaluate<number[]>(
    "performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('.js')).map(({ encodedBodySize }) => encodedBodySize)",
  );
  return { ms, scripts: sizes.length, scriptBytes: sizes.reduce((sum, size) => sum + size, 0) };
}

const headings: Readonly<Record<string, string>> = { Members: 'Members', 'Access tokens': 'Personal access tokens' };

/** From the click on a link of the navigation until the other page is painted, with its list. */
async function changeRoute(page: Page, link: string): Promise<number> {
  await page.getByRole('link', { name: link, exact: true }).hover();
  return await page.evaluate<number>(`new Promise((resolve) => {
    const link = [...document.querySelectorAll('nav a')].find(({ textContent }) => textContent.trim() === '${link}');
    const start = performance.now();
    link.click();
    const look = () => {
      const there = document.querySelector('h1')?.textContent === '${headings[link]}' && document.querySelector('tbody tr');
      // Once more, so that what was found is painted.
      if (there) requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
      else requestAnimationFrame(look);
    };
    look();
  })`);
}
