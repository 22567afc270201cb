import type { ObservedInstance } from '@pipecat-cloud/contract/worker';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { SessionEnding } from '../sessions/session-ends.js';
import type { Session } from '../sessions/session-repository.js';
import type { Slot } from '../slots/slot-repository.js';
import type { Facts } from './facts.js';
import { createSessionWatch, isHeld } from './session-watch.js';

const hourMs = 3_600_000;
const ended: SessionEnding[] = [];
let awayMs = 0;
let ending: string | undefined;
const watch = ({ isAlone = false } = {}) =>
  createSessionWatch({
    isAlone,
    clock: { now: () => new Date() },
    log: pino({ enabled: false }),
    workers: {
      awayMs: () => awayMs,
      isEnding: (workerId, id) => `${workerId} ${id}` === ending,
      runningMs: () => performance.now(),
    },
    ends: {
      end: async (ending) => {
        ended.push(ending);
        return true;
      },
    },
    isStarting: (id) => id === 'waited for',
  });
beforeEach(() => {
  ended.length = 0;
  awayMs = 0;
  ending = undefined;
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const activatedAt = '2026-05-04T10:00:00.000Z';
const session = { id: 's', epoch: 1, state: 'active', deploymentId: 'd', instanceId: 'i', activatedAt } as Session;
const facts = (change: Partial<Session> = {}): Facts => ({
  agents: new Map(),
  slots: [{ sessionId: change.id ?? 's', workerId: 'w' } as Slot],
  slotsOf: new Map(),
  deployments: new Map([['d', { maxSessionSeconds: 600 } as never]]),
  sessions: [{ ...session, ...change }],
});
const here = (state?: 'busy' | 'exited') =>
  new Map([['w', new Map(state ? [['i', { instanceId: 'i', state, epoch: 1, sessionId: 's' }]] : [])]]);

test('an instance that its worker does not know is waited for, and then its session has been lost', async () => {
  const look = watch();
  await look(facts(), here());
  vi.advanceTimersByTime(9_000);
  await look(facts(), here());
  expect(ended).toEqual([]);
  await look(facts(), here('busy'));
  vi.advanceTimersByTime(9_000);
  await look(facts(), here('exited'));
  expect(ended).toEqual([]);
  vi.advanceTimersByTime(10_000);
  await look(facts(), here('exited'));
  expect(ended).toMatchObject([{ reason: 'instance_lost', slot: 'retiring', from: 'active' }]);
});

test('a session whose end has come, and cannot be recorded yet, was not lost', async () => {
  const look = watch();
  ending = 'w s';
  await look(facts(), here());
  vi.advanceTimersByTime(hourMs);
  await look(facts(), here());
  expect(ended).toEqual([]);
  ending = undefined;
  await look(facts(), here());
  vi.advanceTimersByTime(10_000);
  await look(facts(), here());
  expect(ended).toMatchObject([{ reason: 'instance_lost' }]);
});

test('a wall clock that jumps an hour loses nothing', async () => {
  const look = watch();
  await look(facts(), here());
  vi.setSystemTime(Date.now() + hourMs);
  await look(facts(), here());
  vi.setSystemTime(Date.now() - 2 * hourMs);
  await look(facts(), here());
  expect(ended).toEqual([]);
});

test('a worker that is away keeps its sessions until their cap has passed; then the instance is set aside', async () => {
  const look = watch();
  awayMs = 600_000 + 59_000;
  await look(facts(), new Map());
  expect(ended).toEqual([]);
  awayMs += 2_000;
  await look(facts(), new Map());
  expect(ended).toMatchObject([{ reason: 'instance_lost', slot: 'quarantined' }]);
});

test('a session whose cap has passed is over once its worker has been away for a minute, and ended at its cap', async () => {
  const look = watch();
  await look(facts(), here('busy'));
  vi.advanceTimersByTime(600_000 + 61_000);
  awayMs = 60_000;
  await look(facts(), new Map());
  expect(ended).toEqual([]);
  awayMs += 1;
  await look(facts(), new Map());
  expect(ended).toMatchObject([{ reason: 'instance_lost', slot: 'quarantined', at: '2026-05-04T10:10:00.000Z' }]);
});

test('a worker that has been away for a minute keeps its sessions while the wall clock jumps past their cap', async () => {
  const look = watch();
  vi.setSystemTime(activatedAt);
  await look(facts(), here('busy'));
  vi.setSystemTime(Date.now() + hourMs);
  awayMs = 61_000;
  await look(facts(), new Map());
  vi.advanceTimersByTime(600_000 + 60_000);
  await look(facts(), new Map());
  expect(ended).toEqual([]);
});

test('a start that nobody of this process waits for is over once another control plane would know that it has lost the lease', async () => {
  const look = watch();
  const left = facts({ id: 'left', state: 'starting' });
  await look(left, here());
  vi.advanceTimersByTime(4_900);
  await look(left, here());
  expect(ended).toEqual([]);
  vi.advanceTimersByTime(100);
  await look(left, here());
  expect(ended).toMatchObject([{ sessionId: 'left', reason: 'start_abandoned', from: 'starting' }]);
});

test('where no other control plane can be, it is over at once', async () => {
  await watch({ isAlone: true })(facts({ id: 'left', state: 'starting' }), here());
  expect(ended).toMatchObject([{ sessionId: 'left', reason: 'start_abandoned' }]);
});

test('a start that its caller waits for here goes on, however long', async () => {
  const look = watch();
  for (let n = 0; n < 3; n++) {
    await look(facts({ id: 'waited for', state: 'starting' }), here());
    vi.advanceTimersByTime(60_000);
  }
  expect(ended).toEqual([]);
});

test('a start that another control plane has brought through meanwhile goes on', async () => {
  const look = watch();
  await look(facts({ state: 'starting' }), here('busy'));
  vi.advanceTimersByTime(60_000);
  await look(facts(), here('busy'));
  await look(facts(), here('busy'));
  expect(ended).toEqual([]);
});

const seen = (change: Partial<ObservedInstance>): ObservedInstance => ({
  ...{ instanceId: 'i-1', state: 'busy', epoch: 7 },
  ...change,
});

test.each([
  { what: 'holds it', instance: seen({ sessionId: 's-1' }), held: true },
  { what: 'waits until its bot is done', instance: seen({ state: 'settling', sessionId: 's-1' }), held: true },
  { what: 'has not heard of it', instance: seen({ state: 'ready', epoch: 6 }), held: true },
  { what: 'has put it down', instance: seen({ state: 'ready' }), held: false },
  { what: 'holds a later one', instance: seen({ sessionId: 's-2', epoch: 8 }), held: false },
  { what: 'has exited', instance: seen({ state: 'exited', sessionId: 's-1' }), held: false },
  { what: 'is not there', instance: undefined, held: false },
])('whether an instance that $what may still hold a session: $held', ({ instance, held }) => {
  expect(isHeld({ id: 's-1', epoch: 7 }, instance)).toBe(held);
});
