import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { resources } from './environment.js';
import type { Person } from './person.js';
import { until } from './wait.js';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Chromium, unaware of what happens to the machine's networks. */
const unaware = fileURLToPath(new URL('./chromium.py', import.meta.url));

interface BrowserOptions {
  /** Switches of Chromium beyond the usual. */
  args?: readonly string[];
  /** It knows the machine's networks, which WebRTC can't do without. */
  seesNetworks?: boolean;
}

export async function openBrowser({ args = [], seesNetworks = false }: BrowserOptions = {}): Promise<Browser> {
  const isUnaware = !seesNetworks && process.platform === 'linux' && resources.python;
  return await chromium.launch({
    executablePath: isUnaware ? unaware : (resources.chromium ?? ''),
    timeout: 120_000,
    // Inside containers Chromium's own sandbox can't be made.
    // Without an animation, what was scrolled is where it comes to rest.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-smooth-scrolling', ...args],
  });
}

interface TabOptions extends BrowserContextOptions {
  /** Whose session the browser has. */
  person?: Person;
  /** Gets what goes wrong in the page: errors of scripts, and what the content security policy refused. */
  problems: string[];
}

/** Runs in the page before anything else. */
const keepToasts = `
  window.toasts = [];
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const added of addedNodes)
        if (added.parentElement?.matches('[role=status]')) window.toasts.push(added.textContent);
  }).observe(document, { childList: true, subtree: true });
`;

/** Resolves once the page has said it in passing: on a busy machine that may be over before anybody looks. */
export async function says(page: Page, text: string | RegExp): Promise<void> {
  const matches = (toast: string) => (typeof text === 'string' ? toast.includes(text) : text.test(toast));
  await until(`the page says ${text}`, async () => (await page.evaluate<string[]>('window.toasts')).some(matches));
}

/** Resolves once the page shows it, be it for an instant. To be called before what makes it appear. */
export function appears(page: Page, text: string): Promise<unknown> {
  return page.evaluate(`new Promise((resolve) => {
    const look = () => document.body.textContent.includes(${JSON.stringify(text)}) && resolve();
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
    look();
  })`);
}

/** A page in a browser profile of its own. */
export async function openTab(
  browser: Browser,
  url: string,
  { person, problems, ...options }: TabOptions,
): Promise<Page> {
  const context = await browser.newContext({ baseURL: url, ...options });
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: url });
  if (person) {
    const [name = '', value = ''] = person.cookie().split('=');
    await context.addCookies([{ name, value, url }]);
  }
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  await page.addInitScript(keepToasts);
  page.on('pageerror', (error) => problems.push(`${page.url()}: ${error.message}`));
  page.on('console', (message) => {
    if (/content security policy|refused to/i.test(message.text())) problems.push(`${page.url()}: ${message.text()}`);
  });
  return page;
}

/** What axe has against the page as it stands, one line each; empty when nothing. `rules`: only these. */
export async function accessibilityProblems(page: Page, rules?: readonly string[]): Promise<string[]> {
  if (!(await page.evaluate<boolean>('"axe" in window'))) await page.evaluate(axe);
  const options = { resultTypes: ['violations'], ...(rules ? { runOnly: rules } : {}) };
  return await page.evaluate<string[]>(`
    axe.run(document, ${JSON.stringify(options)}).then(({ violations }) =>
      violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + ' at ' + target.join(' ') + ': ' + failureSummary)))
  `);
}

/** The text in the clipboard, once it looks as it should. */
export async function clipboard(page: Page, pattern: RegExp): Promise<string> {
  return await until(`${pattern} is in the clipboard`, async () => {
    const text = await page.evaluate<string>('navigator.clipboard.readText()');
    return pattern.test(text) && text;
  });
}

/** Resolves once a value is in nothing that the page shows and holds, nor in what the browser keeps for it. */
export async function leavesNoTrace(page: Page, secret: string): Promise<void> {
  let found: string[] = [];
  const isGone = async () => {
    found = await tracesOf(page, secret);
    return found.length === 0;
  };
  await until('nothing has the value', isGone).catch((error) => {
    throw new Error(`the value is still in: ${found.join(', ')}`, { cause: error });
  });
}

async function tracesOf(page: Page, secret: string): Promise<string[]> {
  const places = await page.evaluate<Record<string, string>>(`({
    page: document.documentElement.outerHTML,
    fields: [...document.querySelectorAll('input, textarea')].map((field) => field.value).join(' '),
    address: location.href,
    history: JSON.stringify(history.state),
    'local storage': JSON.stringify({ ...localStorage }),
    'session storage': JSON.stringify({ ...sessionStorage }),
    cookies: document.cookie,
  })`);
  return Object.entries(places).flatMap(([place, text]) => (text.includes(secret) ? [place] : []));
}

/** Resolves once no live object of the page holds it: no cache of queries, no closure, nothing that a library keeps. A look takes a second or two. */
export async function isForgotten(page: Page, secret: string): Promise<void> {
  await until('nothing in the page holds the value', async () => !(await memoryOf(page)).includes(secret));
}

async function memoryOf(page: Page): Promise<string> {
  const session = await page.context().newCDPSession(page);
  const chunks: string[] = [];
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => chunks.push(chunk));
  await session.send('HeapProfiler.enable');
  await session.send('HeapProfiler.collectGarbage');
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  await session.detach();
  return chunks.join('');
}

/** Resolves to whether the page fits the window; what measures itself does that a moment after the window has changed. */
export async function fits(page: Page): Promise<boolean> {
  const fitting = 'document.documentElement.scrollWidth <= document.documentElement.clientWidth';
  return await until('the page fits', () => page.evaluate<boolean>(fitting)).catch(() => false);
}

/** What is wrong with a page as it stands: for assistive technology, in light and dark, and on a small screen. Leaves it light and wide. */
export async function lookOver(page: Page): Promise<string[]> {
  await page.emulateMedia({ colorScheme: 'light' });
  const found = await accessibilityProblems(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  for (const problem of await accessibilityProblems(page, ['color-contrast'])) found.push(`dark: ${problem}`);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 360, height: 800 });
  if (!(await fits(page))) found.push('wider than 360 px');
  await page.setViewportSize({ width: 1280, height: 800 });
  return found;
}
