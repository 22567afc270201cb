import type { InstanceState } from '@pipecat-cloud/contract/worker-protocol';
import { describe, expect, test } from 'vitest';
import type { Slot, SlotState } from '../slots/slot-repository.js';
import { type SlotFacts, settle } from './settle.js';

const facts = (
  state: SlotState,
  seen: InstanceState | undefined,
  change: Partial<SlotFacts> = {},
  epoch = 3,
): SlotFacts => ({
  slot: { state, epoch: 3, workerId: 'w', instanceId: 'i' } as Slot,
  seen: seen && { instanceId: 'i', state: seen, epoch },
  workerKnown: true,
  workerLost: false,
  over: false,
  current: true,
  surplus: false,
  usedUp: false,
  overdue: false,
  ...change,
});

describe('a slot whose session has ended', () => {
  test('is free again once the worker says that the bot of this epoch is done', () => {
    expect(settle(facts('settling', 'ready'))).toEqual({ to: 'ready' });
  });
  test.each(['busy', 'settling', 'starting'] as const)('waits while its instance is %s', (state) => {
    expect(settle(facts('settling', state))).toBeUndefined();
  });
  test('is not freed by word from before its epoch', () => {
    expect(settle(facts('settling', 'ready', {}, 2))).toBeUndefined();
  });
  test('is not offered again when its deployment is old', () => {
    expect(settle(facts('settling', 'ready', { current: false }))).toEqual({ to: 'retiring' });
  });
  test('is not offered again when its instance has had its last session, as the agent or its worker says', () => {
    expect(settle(facts('settling', 'ready', { usedUp: true }))).toEqual({ to: 'retiring' });
    const told = facts('settling', 'ready');
    told.seen = { instanceId: 'i', state: 'ready', epoch: 3, usedUp: 'memory' };
    expect(settle(told)).toEqual({ to: 'retiring' });
    expect(settle({ ...told, slot: { ...told.slot, state: 'ready' } })).toEqual({ to: 'retiring' });
  });

  test('is not offered again when the agent may have fewer sessions now', () => {
    expect(settle(facts('settling', 'ready', { surplus: true }))).toEqual({ to: 'retiring' });
  });
});

test('an instance that holds a session of which its slot knows nothing is left alone, and takes no other', () => {
  expect(settle(facts('ready', 'busy', {}, 4))).toEqual({ to: 'quarantined' });
  expect(settle(facts('ready', 'busy'))).toBeUndefined();
  expect(settle(facts('quarantined', 'busy', {}, 4))).toBeUndefined();
  expect(settle(facts('quarantined', 'ready', {}, 4))).toEqual({ to: 'retiring' });
});

test('silence of a worker that is away changes nothing', () => {
  for (const state of ['starting', 'ready', 'settling', 'retiring'] as const) {
    expect(settle(facts(state, undefined, { workerKnown: false }))).toBeUndefined();
  }
});

test('a start that failed is counted with its reason', () => {
  const failed = facts('starting', 'failed');
  failed.seen = { instanceId: 'i', state: 'failed', epoch: 0, error: { code: 'X', message: 'no bot.py' } };
  expect(settle(failed)).toEqual({ to: 'retiring', failure: { code: 'X', message: 'no bot.py' } });
});

test('a slot with a session is never touched here', () => {
  for (const state of ['ready', 'exited', 'failed', 'busy'] as const)
    expect(settle(facts('claimed', state))).toBeUndefined();
});

test('a retiring slot is empty only when its instance is seen to be gone', () => {
  expect(settle(facts('retiring', 'ready'))).toBeUndefined();
  expect(settle(facts('retiring', undefined))).toEqual({ to: 'empty' });
});

describe('a quarantined slot', () => {
  test('is never offered again, whatever its instance says', () => {
    for (const state of ['ready', 'starting', 'exited', 'failed'] as const)
      expect(settle(facts('quarantined', state))).toEqual({ to: 'retiring' });
  });
  test.each(['busy', 'settling'] as const)(
    'is left alone while its bot is %s, as long as its worker lets it be',
    (state) => {
      expect(settle(facts('quarantined', state))).toBeUndefined();
      expect(settle(facts('quarantined', state, { overdue: true }))).toEqual({ to: 'retiring' });
    },
  );
  test('is ended at once when its claim was fenced', () => {
    expect(settle(facts('quarantined', 'busy', {}, 2))).toEqual({ to: 'retiring' });
  });
  test('is empty once its instance is gone, and kept while nobody can tell', () => {
    expect(settle(facts('quarantined', undefined))).toEqual({ to: 'empty' });
    const lost = { workerKnown: false, workerLost: true };
    expect(settle(facts('quarantined', undefined, lost))).toBeUndefined();
    expect(settle(facts('quarantined', undefined, { ...lost, over: true }))).toEqual({ to: 'empty' });
  });
});

test('a slot without a session whose worker has been away for long is quarantined; one with a session never', () => {
  const lost = { workerKnown: false, workerLost: true };
  for (const state of ['starting', 'ready', 'settling', 'retiring'] as const)
    expect(settle(facts(state, undefined, lost))).toEqual({ to: 'quarantined' });
  expect(settle(facts('claimed', undefined, lost))).toBeUndefined();
});
