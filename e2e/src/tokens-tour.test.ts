import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from './support/browser.js';
import { copyOfCheckout } from './support/checkout.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { missing, plainEnvironment } from './support/environment.js';
import { cleanUp, inRoot, temporaryFolder } from './support/paths.js';
import { type Running, run } from './support/processes.js';
import { until } from './support/wait.js';

const lacking = missing('chromium');
const guide = readFileSync(inRoot('docs/tokens.md'), 'utf8');

/** What is typed, each with the lines that the page prints below it. */
interface Block {
  typed: string;
  said: string[];
}

/** The blocks of the tour, in order. */
function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  for (const [, mark, text = ''] of page.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)) {
    if (mark === 'sh tour') blocks.push({ typed: text, said: [] });
    if (mark === 'text said') blocks.at(-1)?.said.push(...text.trimEnd().split('\n'));
  }
  return blocks;
}

/** A whole line of output; `…` stands for what differs each time. */
function lineOf(said: string): RegExp {
  const parts = said.split('…').map((part) =>
    part
      .trim()
      .replaceAll(/\s+/g, ' ')
      .replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'),
  );
  return new RegExp(`^${parts.join('.*').replaceAll(' ', '\\s+')}$`);
}

/** The lines of the page that the output lacks, which must come in the same order. */
function missingFrom(output: string, said: readonly string[]): string[] {
  const lines = output.split('\n').map((line) => line.trim());
  let at = 0;
  return said.filter((line) => {
    const found = lines.findIndex((text, index) => index >= at && lineOf(line).test(text));
    if (found >= 0) at = found + 1;
    return found < 0;
  });
}

const blocks = blocksOf(guide);
/** Stands in the output behind each block, as a prompt does. */
const prompt = '===== next block =====';

describe.skipIf(lacking)(`the tour of docs/tokens.md${lacking ? ` (${lacking})` : ''}`, () => {
  let cloud: Cloud;
  let browser: Browser;
  let checkout: string;

  beforeAll(async () => {
    checkout = copyOfCheckout();
    cloud = await startCloud({ dataDir: join(checkout, 'data') });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await cleanUp();
  });

  /** A browser of its own, as each person has one. */
  async function newPage(): Promise<Page> {
    const page = await (await browser.newContext({ baseURL: cloud.url })).newPage();
    page.setDefaultTimeout(60_000);
    return page;
  }

  /** What people do in a browser, by the marks of the page and in its order. Each waits for what the terminal must show first. */
  function browserSteps(terminal: Running, owner: Page, dana: Page): Record<string, () => Promise<void>> {
    const shown = (what: RegExp, count = 1) =>
      until(`the terminal shows ${what}`, () => {
        const found = [...terminal.stdout().matchAll(what)][count - 1]?.[1];
        return found ?? (!terminal.running() && '');
      });
    const enterCode = async (page: Page, count: number) => {
      await page.goto(await shown(/^Open (\S+) in any browser/gm, count));
      await page.getByLabel('Code').fill(await shown(/^ {4}([A-Z]{4}-[A-Z]{4})$/gm, count));
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByRole('button', { name: 'Allow' }).click();
      await page.getByText('The device is signed in').waitFor();
    };
    return {
      'owner, set up': async () => {
        await owner.goto(/http:\/\/\S+\/setup#code=\S+/.exec(cloud.process.stdout())?.[0] ?? '');
        await owner.getByLabel('Your e-mail address').fill('ann@example.com');
        await owner.getByRole('button', { name: 'Finish and sign in' }).click();
        await owner.getByRole('button', { name: 'Sign out' }).waitFor();
      },
      'owner, code': () => enterCode(owner, 1),
      'Dana, invitation': async () => {
        await dana.goto(await shown(/(http:\S+\/invite#code=\S+)\s/g));
        await dana.getByRole('button', { name: 'Accept and make my account' }).click();
        await dana.getByRole('button', { name: 'Sign out' }).waitFor();
      },
      'Dana, code': () => enterCode(dana, 2),
    };
  }

  test('word for word: a token from its making to its end', { timeout: 600_000 }, async () => {
    const typed = blocks.map((block) => `${block.typed}echo '${prompt}'\n`).join('');
    // A terminal shows both streams, and takes along what runs in it when it closes: the loop holds the output open.
    const opening = "exec 2>&1; trap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n";
    const terminal = run('bash', ['-e', '-u', '-o', 'pipefail', '-c', opening + typed], {
      cwd: checkout,
      env: {
        ...plainEnvironment(),
        HOME: temporaryFolder('home'),
        // Lists as a terminal shows them.
        PIPECAT_OUTPUT: 'rich',
        // The page speaks of port 7400; where something else holds it, the address is told by the variable made for that.
        ...(cloud.port === 7400 ? {} : { PIPECAT_API_HOST: cloud.url }),
      },
    });
    const steps = browserSteps(terminal, await newPage(), await newPage());
    expect([...guide.matchAll(/^\*\*In the browser \((.+)\)\.\*\* /gm)].map(([, mark]) => mark)).toEqual(
      Object.keys(steps),
    );
    for (const step of Object.values(steps)) await step();

    const code = await terminal.ended;
    const output = terminal.stdout();
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });

    const outputs = output.split(`${prompt}\n`);
    for (const [index, { typed, said }] of blocks.entries()) {
      const printed = outputs[index] ?? '';
      const lacks = missingFrom(printed, said);
      expect({ typed, lacks, printed: lacks.length > 0 ? printed : '' }).toEqual({ typed, lacks: [], printed: '' });
    }
    expect(outputs[blocks.findIndex(({ typed }) => typed.includes('sort -u'))]).toBe('good\n');
    expect(output).not.toMatch(/pcc_(?:pat|oat|ort)_[0-9a-f]{8}/);
  });

  test('every link of the page leads to a page', () => {
    const links = [...guide.matchAll(/\]\(([^)#]+)\)/g)].map(([, target]) => target ?? '');
    expect(links.filter((target) => !existsSync(inRoot('docs', target)))).toEqual([]);
  });
});
