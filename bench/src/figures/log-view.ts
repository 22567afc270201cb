import type { Browser } from 'playwright-core';
import type { Cloud } from '../cloud.js';
import type { FigureContext, Measurement } from '../figure.js';
import { spreadOf } from '../statistics.js';
import { until } from '../wait.js';
import type { Cookies } from './dashboard.js';
import { deployWriter } from './log-writer.js';

const rounds = 3;
const seconds = 10;
const linesPerSecond = 1000;
/** A frame that comes later than this after the one before it is seen to stutter. */
const longFrameMs = 50;
const framesPerSecond = 60;

interface Frames {
  /** Milliseconds between each two. */
  gaps: number[];
  linesBefore: number;
  linesAfter: number;
}

/** The page of logs, following an agent that writes a thousand lines a second: frames that come late, while server, agent and browser share this machine. */
export async function measureLogView(
  { resources, progress }: FigureContext,
  browser: Browser,
  cloud: Cloud,
  cookies: Cookies,
): Promise<Measurement> {
  progress('deploying an agent that writes');
  await deployWriter(resources, cloud, 1);
  const context = await browser.newContext({ baseURL: cloud.url, viewport: { width: 1280, height: 900 } });
  await context.addCookies(cookies);
  const page = await context.newPage();
  await page.goto(`/orgs/${cloud.organization}/logs?agent=writer`);
  await page.getByText('Following').waitFor();
  // 200 bytes a line; long enough for all rounds.
  const body = { bytesPerSecond: linesPerSecond * 200, seconds: rounds * (seconds + 5) + 20 };
  await cloud.client.startSession(cloud.organization, 'writer', { body });
  // Not by `waitForFunction`: the page's policy lets nothing be evaluated in it.
  await until('lines come', async () => (await page.evaluate<number>(shownLines)) > linesPerSecond * 2);

  const late: number[] = [];
  const notes: string[] = [];
  for (let round = 0; round < rounds; round++) {
    progress(`followed logs, round ${round + 1} of ${rounds}`);
    const { gaps, linesBefore, linesAfter } = await page.evaluate<Frames>(watchFrames);
    late.push(gaps.filter((ms) => ms > longFrameMs).length);
    const dropped = Math.max(0, 1 - gaps.length / (seconds * framesPerSecond));
    const perSecond = Math.round((linesAfter - linesBefore) / seconds);
    notes.push(
      `${perSecond} lines/s, ${(dropped * 100).toFixed(1)} % of frames dropped, longest ${Math.round(Math.max(...gaps))} ms`,
    );
  }
  await context.close();
  const { median: value, ...spread } = spreadOf(late);
  return {
    ...{ name: 'dashboard-logs', unit: 'frames', value, ...spread },
    ...{ goal: { kind: 'atMost', value: 0 }, note: notes.join('; ') },
  };
}

/** The page tells how many lines it has. */
const shownLines = `Number(/(\\d+) lines/.exec(document.body.innerText)?.[1] ?? 0)`;

const watchFrames = `new Promise((resolve) => {
  const lines = () => ${shownLines};
  const linesBefore = lines();
  const gaps = [];
  const began = performance.now();
  let last = began;
  const look = (now) => {
    gaps.push(now - last);
    last = now;
    if (now - began < ${seconds * 1000}) requestAnimationFrame(look);
    else resolve({ gaps: gaps.slice(1), linesBefore, linesAfter: lines() });
  };
  requestAnimationFrame(look);
})`;
