import type { ObservedInstance } from '@pipecat-cloud/contract/worker';
import { expect, test } from 'vitest';
import type { Slot } from '../slots/slot-repository.js';
import { type PlanInput, plan } from './plan.js';

const slot = (instanceId: string, change: Partial<Slot> = {}): Slot => ({
  id: `slot-${instanceId}`,
  organizationId: 'o',
  agentId: 'a',
  spare: false,
  state: 'starting',
  epoch: 0,
  deploymentId: 'd',
  instanceId,
  workerId: 'w',
  sessionId: null,
  changedAt: '',
  notBefore: null,
  served: 0,
  ...change,
});
const seen = (...ids: string[]) =>
  new Map([
    [
      'w',
      new Map(
        ids.map((instanceId): [string, ObservedInstance] => [instanceId, { instanceId, state: 'ready', epoch: 0 }]),
      ),
    ],
  ]);
const input = (change: Partial<PlanInput>): PlanInput => ({
  slots: [],
  observed: seen(),
  starting: new Set(),
  living: new Set(['a']),
  wasEnsured: () => true,
  ...change,
});
const brief = (actions: ReturnType<typeof plan>) => actions.map((action) => `${action.do} ${action.instanceId}`);

test('starts what is missing and leaves what runs alone', () => {
  expect(brief(plan(input({ slots: [slot('a'), slot('b')], observed: seen('a') })))).toEqual(['ensure b']);
});

test('removes what belongs to no slot, and what is retiring', () => {
  expect(brief(plan(input({ slots: [slot('a', { state: 'retiring' })], observed: seen('a', 'orphan') })))).toEqual([
    'remove a',
    'remove orphan',
  ]);
});

test('a worker that came back is given the specs of what it runs again', () => {
  expect(
    brief(plan(input({ slots: [slot('a', { state: 'ready' })], observed: seen('a'), wasEnsured: () => false }))),
  ).toEqual(['ensure a']);
});

test('one that is to go is given its spec first, unless its agent is gone', () => {
  const retiring = { slots: [slot('a', { state: 'retiring' })], observed: seen('a'), wasEnsured: () => false };
  expect(brief(plan(input(retiring)))).toEqual(['ensure a']);
  expect(brief(plan(input({ ...retiring, living: new Set() })))).toEqual(['remove a']);
});

test('the instance of a session that has begun is never made a second time', () => {
  const busy = slot('a', { state: 'claimed', sessionId: 's' });
  expect(plan(input({ slots: [busy] }))).toEqual([]);
  expect(brief(plan(input({ slots: [busy], starting: new Set(['s']) })))).toEqual(['ensure a']);
});

test('says nothing to a worker that is not connected', () => {
  expect(plan(input({ slots: [slot('a')], observed: new Map() }))).toEqual([]);
});
