import type { Browser, Page, Request } from 'playwright-core';
import { audioOf } from '../../src/support/frames.js';
import { until } from '../../src/support/wait.js';
import { spyOn } from './spy.js';

/** Runs in the page before anything else: keeps all that it has shown, for the next state may come before anybody has looked. */
const keepStates = `
  window.states = [];
  addEventListener('DOMContentLoaded', () => {
    const state = document.getElementById('state');
    new MutationObserver(() => window.states.push(state.textContent)).observe(state, { childList: true, characterData: true, subtree: true });
  });
`;

/** A page of the guide in a browser of its own, used as a person would, with what it sends and hears written down. */
export async function openPage(browser: Browser, address: string) {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(60_000);
  await page.addInitScript(keepStates);
  const spy = await spyOn(page);
  const sent = watchRequests(page);
  const audio = watchAudio(page);
  await page.goto(address);
  const shows = (text: string | RegExp) =>
    until(`the page shows ${text}`, async () => {
      const states = await page.evaluate<string[]>('window.states');
      return states.some((state) => (typeof text === 'string' ? state.includes(text) : text.test(state)));
    });
  const press = (id: string) => page.locator(`#${id}`).click();

  return {
    page,
    spy,
    sent,
    audio,
    shows,
    talk: () => press('talk'),
    /** A message to the bot, and its answer. */
    async greets(): Promise<void> {
      await page.evaluate('window.states = []');
      await press('greet');
      await shows('The bot says Hello');
    },
    async leave(): Promise<void> {
      await press('leave');
      await shows('Gone');
    },
    /** The session that the page's own start began. */
    sessionId: async () => String((await sent.answerOf('POST', '/start')).sessionId),
    startStatus: async () => (await sent.of('POST', '/start').at(-1)?.response())?.status(),
  };
}
export type OpenedPage = Awaited<ReturnType<typeof openPage>>;

export const bodyOf = (request: Request): unknown => JSON.parse(request.postData() ?? 'null');

/** The requests of a page, in order. */
function watchRequests(page: Page) {
  const requests: Request[] = [];
  page.on('request', (request) => requests.push(request));
  const of = (method: string, end: string) =>
    requests.filter((request) => request.method() === method && request.url().endsWith(end));
  return {
    of,
    /** What the last such request was answered with. */
    async answerOf(method: string, end: string): Promise<Record<string, unknown>> {
      const request = await until(`${method} …${end}`, () => of(method, end).at(-1));
      return (await (await request.response())?.json()) as Record<string, unknown>;
    },
  };
}

/** A beep of the microphone, far above the noise. */
const beep = 1000;

/** The audio that comes in over the sockets of a page. */
function watchAudio(page: Page) {
  let loudest = 0;
  const rates = new Set<number>();
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => {
      const frame = audioOf(Buffer.from(payload));
      if (!frame) return;
      rates.add(frame.sample_rate);
      const samples = Buffer.from(frame.audio);
      for (let at = 0; at + 1 < samples.length; at += 2) loudest = Math.max(loudest, Math.abs(samples.readInt16LE(at)));
    }),
  );
  return {
    /** Resolves once the microphone's own beep has come back. */
    hears: () => until('a beep comes back', () => loudest > beep),
    rates: () => [...rates],
  };
}
