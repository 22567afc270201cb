import type { Report } from '@pipecat-cloud/contract/worker';
import { beforeEach, expect, test, vi } from 'vitest';
import { createReportQueue } from './report-queue.js';

let applied: Report[];
let acknowledged: number[];
let open: boolean;
let breakLink: ReturnType<typeof vi.fn<() => void>>;
/** What applying the end of a session waits for, by its reason and session. */
let held: Map<string, Promise<void>>;

const ended = (sessionId: string, reason: 'completed' | 'stopped' = 'completed'): Report => ({
  ...{ type: 'session-ended', sessionId, instanceId: 'i', epoch: 1, reason, at: '' },
});
const usage: Report = { type: 'usage', sessionId: 'measured', samples: [] };
const nameOf = (report: Report) => (report.type === 'session-ended' ? `${report.reason} ${report.sessionId}` : '');

function queueOf() {
  return createReportQueue({
    ...{ workerId: 'w', log: { error: () => {} }, breakLink, retryMs: 1 },
    async apply(report) {
      await held.get(nameOf(report));
      applied.push(report);
    },
    acknowledge: (number) => void acknowledged.push(number),
    isOpen: () => open,
  });
}

beforeEach(() => {
  applied = [];
  acknowledged = [];
  open = true;
  breakLink = vi.fn(() => {
    open = false;
  });
  held = new Map();
});

test('a second end of a session waits for the first, which counts; that of another session waits for neither', async () => {
  const first = Promise.withResolvers<void>();
  held.set('stopped slow', first.promise);
  const queue = queueOf();
  queue.take(1, ended('slow', 'stopped'));
  queue.take(2, ended('slow', 'completed'));
  queue.take(3, ended('quick'));
  await vi.waitFor(() => expect(acknowledged).toEqual([3]));
  expect(['slow', 'quick'].map(queue.isEnding)).toEqual([true, false]);
  first.resolve();
  await queue.idle();
  expect(['slow', 'quick'].map(queue.isEnding)).toEqual([false, false]);
  expect(applied).toEqual([ended('quick'), ended('slow', 'stopped'), ended('slow', 'completed')]);
  expect(acknowledged).toEqual([3, 1, 2]);
});

test('what is no end keeps its order, behind the ends that came before it', async () => {
  const first = Promise.withResolvers<void>();
  held.set('completed slow', first.promise);
  const queue = queueOf();
  queue.take(1, ended('slow'));
  queue.take(2, usage);
  queue.take(3, ended('quick'));
  await vi.waitFor(() => expect(acknowledged).toEqual([3]));
  first.resolve();
  await queue.idle();
  expect(acknowledged).toEqual([3, 1, 2]);
});

test('a report that the database does not take is tried again on the same link, and acknowledged once', async () => {
  let failures = 3;
  const queue = createReportQueue({
    ...{ workerId: 'w', log: { error: () => {} }, breakLink, isOpen: () => open, retryMs: 1 },
    async apply(report) {
      if (failures-- > 0) throw new Error('the database is locked');
      applied.push(report);
    },
    acknowledge: (number) => void acknowledged.push(number),
  });
  queue.take(1, ended('s'));
  await queue.idle();
  expect([applied, acknowledged, breakLink.mock.calls]).toEqual([[ended('s')], [1], []]);
});

test('once the link is gone it is given up, to come again on the next one', async () => {
  const queue = createReportQueue({
    ...{ workerId: 'w', log: { error: () => {} }, breakLink, isOpen: () => open, retryMs: 1 },
    async apply() {
      open = false;
      throw new Error('the database is locked');
    },
    acknowledge: (number) => void acknowledged.push(number),
  });
  queue.take(1, ended('s'));
  await queue.idle();
  expect(acknowledged).toEqual([]);
  expect(breakLink).toHaveBeenCalledOnce();
});

test('an end that can never be recorded keeps its session open for ten minutes at most', async () => {
  const never = Promise.withResolvers<void>();
  held.set('completed stuck', never.promise);
  const queue = queueOf();
  vi.useFakeTimers({ toFake: ['performance'] });
  queue.take(1, ended('stuck'));
  vi.advanceTimersByTime(599_000);
  queue.take(2, ended('stuck'));
  expect(queue.isEnding('stuck')).toBe(true);
  vi.advanceTimersByTime(2_000);
  expect(queue.isEnding('stuck')).toBe(false);
  vi.useRealTimers();
  never.resolve();
  await queue.idle();
});
