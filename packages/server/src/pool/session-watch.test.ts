import type { ObservedInstance } from '@pipecat-cloud/contract/worker';
import { expect, test } from 'vitest';
import { isHeld } from './session-watch.js';

const session = { id: 's-1', epoch: 7 };
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
])('an instance that $what: $held', ({ instance, held }) => {
  expect(isHeld(session, instance)).toBe(held);
});
