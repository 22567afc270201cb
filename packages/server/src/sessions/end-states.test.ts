import { endStates } from '@pipecat-cloud/contract/sessions';
import { expect, test } from 'vitest';
import { endStateOf, eventsOf, reasonsOf } from './end-states.js';
import type { Session } from './session-repository.js';

const session = {
  state: 'ended',
  createdAt: '2026-05-04T10:00:00.000Z',
  activatedAt: '2026-05-04T10:00:01.000Z',
  endedAt: '2026-05-04T10:01:00.000Z',
  endReason: 'completed',
  endState: 'completed',
} as Session;

test.each([
  ['completed', 'completed'],
  ['socket_closed', 'completed'],
  ['bot_failed', 'agent_error'],
  ['instance_lost', 'agent_error'],
  ['stopped', 'terminated'],
  ['duration_exceeded', 'terminated'],
  ['start_failed', 'ended_before_agent_start'],
  ['connect_timeout', 'ended_before_agent_start'],
  ['start_timeout', 'agent_start_timeout'],
  ['of another version', 'unknown'],
])('%s is shown as %s', (endReason, state) => {
  expect(endStateOf(endReason)).toBe(state);
});

test('every state that can be asked for has its reasons, and no reason has two', () => {
  const named = endStates
    .filter((state) => state !== 'active' && state !== 'unknown')
    .flatMap((state) => {
      const reasons = reasonsOf(state as 'completed');
      expect('in' in reasons && reasons.in.length).toBeGreaterThan(0);
      return 'in' in reasons ? reasons.in : [];
    });
  expect(new Set(named).size).toBe(named.length);
  expect(reasonsOf('unknown')).toEqual({ notIn: expect.arrayContaining(named) });
});

test('events tell what happened, and leave out what did not', () => {
  const codes = (change: Partial<Session>) => eventsOf({ ...session, ...change }).map(({ eventCode }) => eventCode);
  expect(eventsOf(session)).toEqual([
    { eventCode: 'SESSION_START_INITIATED', eventTs: session.createdAt },
    { eventCode: 'REQUEST_ARRIVED_AT_BOT', eventTs: session.activatedAt },
    { eventCode: 'SESSION_COMPLETED', eventTs: session.endedAt },
  ]);
  expect(codes({ state: 'active', endedAt: null, endReason: null })).toEqual([
    'SESSION_START_INITIATED',
    'REQUEST_ARRIVED_AT_BOT',
  ]);
  expect(codes({ activatedAt: null, endReason: 'start_timeout', endState: 'agent_start_timeout' })).toEqual([
    'SESSION_START_INITIATED',
    'SESSION_TIMEOUT',
  ]);
});
