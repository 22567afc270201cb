import type { InstanceState } from '@pipecat-cloud/contract/worker';
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
  current: true,
  surplus: false,
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
  test('is not offered again when the agent may have fewer sessions now', () => {
    expect(settle(facts('settling', 'ready', { surplus: true }))).toEqual({ to: 'retiring' });
  });
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
