import { ApiError, NetworkError } from '@pipecat-cloud/contract/client';
import type { LogEvent, LogList } from '@pipecat-cloud/contract/logs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLogLines } from './log-lines';
import { createLogReader, type LogApi, type LogOrder } from './log-reader';

const entry = (n: number) => ({ log: `line ${n}`, timestamp: '2026-05-04T10:00:00.000Z', cursor: `1.${n}` });
const page = (...numbers: number[]): LogList => ({
  logs: numbers.map(entry),
  total: { value: numbers.length, relation: 'eq' },
});
const line = (n: number): LogEvent => ({ type: 'line', entry: entry(n) });

/** A stream that a test writes to. */
function stream() {
  const events: (LogEvent | Error | 'close')[] = [];
  let wake = () => {};
  return {
    say(...more: (LogEvent | Error | 'close')[]) {
      events.push(...more);
      wake();
    },
    async *read(signal: AbortSignal | undefined): AsyncGenerator<LogEvent> {
      for (;;) {
        const event = events.shift();
        if (event === 'close' || signal?.aborted) return;
        if (event instanceof Error) throw event;
        if (event) yield event;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
            signal?.addEventListener('abort', () => resolve());
          });
      }
    },
  };
}

/** A reader whose frames are made by the test. */
function start(order: Partial<LogOrder>, readLogs: () => Promise<LogList>) {
  const streams: ReturnType<typeof stream>[] = [];
  const asked: object[] = [];
  const pages: object[] = [];
  let draw: (() => void) | undefined;
  const api: LogApi = {
    readLogs: (_org, _agent, query = {}) => {
      pages.push(query);
      return readLogs();
    },
    followLogs: (_org, _agent, query = {}, { signal } = {}) => {
      asked.push(query);
      const next = stream();
      streams.push(next);
      return next.read(signal);
    },
  };
  const frames = {
    request: (callback: () => void) => {
      draw = callback;
      return 1;
    },
    cancel: () => {
      draw = undefined;
    },
  };
  const reader = createLogReader(
    api,
    { org: 'o', agent: 'echo', filter: {}, follow: true, ...order },
    frames,
    createLogLines({ lines: 10, characters: 1000 }),
  );
  reader.start();
  const texts = () => reader.view().lines.map(({ log }) => log);
  return {
    reader,
    streams,
    asked,
    pages,
    texts,
    /** Lets what has come be shown. */
    async frame() {
      await vi.advanceTimersByTimeAsync(0);
      draw?.();
      draw = undefined;
    },
    state: () => reader.view().state,
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the newest lines first, then those that come, shown together once a frame', async () => {
  const { streams, asked, texts, frame, state, reader } = start({}, async () => page(1, 2));
  await frame();
  expect(texts()).toEqual(['line 1', 'line 2']);
  expect(asked).toEqual([{ after: '1.2' }]);
  let changes = 0;
  streams[0]?.say({ type: 'alive' });
  await frame();
  expect(state()).toBe('following');
  reader.subscribe(() => changes++);
  streams[0]?.say(line(3), line(4), line(5));
  await frame();
  expect(texts()).toHaveLength(5);
  expect(changes).toBe(1);
});

test('a broken connection is taken up after what was read last, also where that was no match', async () => {
  const { streams, asked, texts, frame, state } = start({}, async () => page(1));
  await frame();
  streams[0]?.say(line(2), { type: 'alive', cursor: '1.9' }, new NetworkError('host', false, undefined));
  await frame();
  expect(state()).toBe('reconnecting');
  await vi.advanceTimersByTimeAsync(20_000);
  expect(asked[1]).toEqual({ after: '1.9' });
  streams[1]?.say({ type: 'gap' }, line(10));
  await frame();
  expect(texts().slice(0, 2)).toEqual(['line 1', 'line 2']);
  expect(texts()[2]).toContain('Lines are missing here');
  expect(texts()[3]).toBe('line 10');
});

test('nothing is lost or read twice by stopping and starting', async () => {
  const { reader, streams, asked, pages, texts, frame } = start({}, async () => page(1));
  // As React does it in development, before the first answer.
  reader.stop();
  reader.start();
  await frame();
  expect(texts()).toEqual(['line 1']);
  streams.at(-1)?.say(line(2));
  await vi.advanceTimersByTimeAsync(0);
  reader.stop();
  expect(texts()).toEqual(['line 1', 'line 2']);
  reader.start();
  await frame();
  expect(asked.at(-1)).toEqual({ after: '1.2' });
  expect(pages).toHaveLength(2);
});

test('the end of a session ends it, and a refusal does; it says why', async () => {
  const ended = start({}, async () => page(1));
  await ended.frame();
  ended.streams[0]?.say({ type: 'end' });
  await ended.frame();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([ended.state(), ended.asked.length]).toEqual(['ended', 1]);

  const refused = start({}, () => Promise.reject(new ApiError(404, { error: 'No agent', code: '404' }, true)));
  await refused.frame();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([refused.state(), refused.reader.view().error?.message, refused.pages.length]).toEqual([
    'failed',
    'No agent',
    1,
  ]);
});

test('where too many follow it waits and asks again', async () => {
  const { streams, asked, state, frame } = start({}, async () => page(1));
  await frame();
  streams[0]?.say(new ApiError(429, { error: 'Too many', code: '429' }, true));
  await frame();
  expect(state()).toBe('reconnecting');
  await vi.advanceTimersByTimeAsync(20_000);
  expect(asked).toHaveLength(2);
});

test('around a line nothing is followed, and more is read on both sides', async () => {
  const { pages, asked, reader, frame, state } = start({ around: '1.5' }, async () => page(4, 5, 6));
  await frame();
  expect(state()).toBe('still');
  expect(reader.view()).toMatchObject({ hasOlder: true, hasNewer: true });
  await reader.older();
  await reader.newer();
  expect(asked).toEqual([]);
  expect(pages).toMatchObject([{ around: '1.5' }, { before: '1.4' }, { after: '1.6' }]);
  expect(reader.view()).toMatchObject({ hasOlder: false, hasNewer: false });
});

test('while somebody reads further up, a full page takes no more; at the end it goes on', async () => {
  const { streams, asked, reader, frame, state } = start({}, async () => page());
  await frame();
  expect(asked).toEqual([{ tail: 1000 }]);
  reader.hold(true);
  const many = Array.from({ length: 11 }, (_, n) => line(n + 1));
  streams[0]?.say(...many);
  await frame();
  expect(state()).toBe('held');
  expect(reader.view()).toMatchObject({ dropped: 0 });
  expect(reader.view().lines).toHaveLength(10);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(1);
  reader.hold(false);
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked[1]).toEqual({ after: '1.10' });
});
