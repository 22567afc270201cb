import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { claimOrder, isDrawn } from './claim-order.js';

const agent = { liveDeploymentId: 'live', desiredDeploymentId: 'live', fallbackDeploymentIds: [], canaryPercent: null };
const order = (change: object = {}, sessionId = 'any') =>
  claimOrder({ ...agent, ...change }, sessionId).map(({ state, deploymentId }) => `${state} ${deploymentId}`);
const drawn = Array.from({ length: 1000 }, randomUUID).find((id) => isDrawn(id, 10)) ?? '';
const notDrawn = Array.from({ length: 1000 }, randomUUID).find((id) => !isDrawn(id, 10)) ?? '';

describe('what a session may be given', () => {
  test('the live deployment: ready, then starting, then a new instance', () => {
    expect(order()).toEqual(['ready live', 'starting live', 'empty live']);
  });
  test('a desired one that is not live gets none, ready or not', () => {
    expect(order({ desiredDeploymentId: 'next' })).toEqual(['ready live', 'starting live', 'empty live']);
  });
  test('of those before it only what is ready, the newest first, before a new one is made', () => {
    expect(order({ fallbackDeploymentIds: ['b', 'a'] })).toEqual([
      ...['ready live', 'ready b', 'ready a', 'starting live', 'empty live'],
    ]);
  });
  test('a session that is drawn gets the canary if it can be made, and else is not refused', () => {
    const canary = { desiredDeploymentId: 'next', canaryPercent: 10 };
    expect(order(canary, drawn)).toEqual([
      ...['ready next', 'starting next', 'empty next', 'ready live', 'starting live'],
    ]);
    expect(order(canary, notDrawn)).toEqual([
      ...['ready live', 'starting live', 'empty live', 'ready next', 'starting next'],
    ]);
  });
});

test('the share of sessions that are drawn is what was asked for', () => {
  const ids = Array.from({ length: 10_000 }, (_, index) => `session ${index}`);
  for (const percent of [1, 10, 50, 99]) {
    const share = ids.filter((id) => isDrawn(id, percent)).length / 100;
    // Five standard deviations, and the ids are always the same.
    expect(Math.abs(share - percent)).toBeLessThan(5 * Math.sqrt((percent * (100 - percent)) / 10_000));
  }
});
