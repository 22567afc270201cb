import { expect, test } from 'vitest';
import type { Agent } from '../agents/agent-repository.js';
import type { Store } from '../db/store.js';
import { newSlot } from '../slots/new-slot.js';
import type { SlotState } from '../slots/slot-repository.js';
import { createRetryAfter, secondsUntilPlace } from './retry-after.js';

test.each([
  ['an instance is leaving', { leaving: 1, open: 9, meanSeconds: 600 }, 2],
  ['ten sessions of ten minutes', { leaving: 0, open: 10, meanSeconds: 600 }, 60],
  ['one session of an hour', { leaving: 0, open: 1, meanSeconds: 3600 }, 300],
  ['fifty of a second', { leaving: 0, open: 50, meanSeconds: 1 }, 1],
  ['nothing known', { leaving: 0, open: 3, meanSeconds: undefined }, 5],
] as const)('a place is likely to be free: %s', (_, of, seconds) => {
  expect(secondsUntilPlace(of)).toBe(seconds);
});

test.each([
  [['claimed', 'settling'], 2],
  [['claimed', 'retiring'], 2],
  [['claimed', 'quarantined'], 60],
  [['claimed', 'ready'], 60],
  [['quarantined', 'quarantined'], 5],
] as [SlotState[], number][])(
  'with places that are %j, only one that is leaving is soon free',
  async (states, seconds) => {
    const agent = { id: 'a', organizationId: 'o' };
    const slots = states.map((state, n) => ({ ...newSlot(`s${n}`, agent, { spare: false, now: new Date() }), state }));
    const store = { slots: { listOfAgent: async () => slots }, sessions: { meanSeconds: async () => 60 } };
    expect(await createRetryAfter({ store: store as unknown as Store })(agent as Agent)).toBe(seconds);
  },
);
