import { describe, expect, test } from 'vitest';
import { service } from '../../testing/service.js';
import { phaseOf } from './phase.js';

const condition = (type: 'Degraded' | 'Progressing', message = '') => [
  { type, status: 'True' as const, reason: 'Because', message },
];
const down = { ready: false, available: false, activeDeploymentReady: false };
const old = { ready: false, available: true, activeDeploymentReady: false };

describe('a poll is read by the table of contract §11.3', () => {
  test.each([
    ['errors come first', { errors: [{ code: 'X', message: 'no' }] }, 'failed'],
    ['not yet reconciled, though the old one is ready', { reconciledDeploymentId: 'dep_0' }, 'waiting'],
    ['ready', {}, 'ready'],
    ['activeDeploymentReady stands in for ready', { ready: false }, 'ready'],
    ['degraded but available', { ...old, conditions: condition('Degraded', 'pull fails') }, 'degraded'],
    ['rolling', old, 'progressing'],
    ['first start', { ...down, conditions: condition('Progressing') }, 'progressing'],
    ['nothing known', down, 'unavailable'],
  ])('%s', (_, changes, kind) => {
    expect(phaseOf(service(changes)).kind).toBe(kind);
  });

  test('desired falls back to active, and missing members to what they meant before they existed', () => {
    expect(phaseOf(service({ desiredDeploymentId: null, reconciledDeploymentId: 'dep_1' })).kind).toBe('ready');
    const { available, ...rest } = service();
    expect(available).toBe(true);
    expect(phaseOf(rest as ReturnType<typeof service>).kind).toBe('ready');
  });

  test('what a start waits for is said', () => {
    const text = 'starting is delayed: the engine is away';
    expect(phaseOf(service({ ...down, conditions: condition('Progressing', 'the engine is away') }))).toMatchObject({
      text,
    });
    expect(phaseOf(service({ ...old, conditions: condition('Progressing', 'the engine is away') }))).toMatchObject({
      text: `${text}; the previous deployment serves meanwhile`,
    });
  });

  test('the reason of a degraded deployment is its message, else its reason', () => {
    expect(phaseOf(service({ ...old, conditions: condition('Degraded') }))).toMatchObject({
      text: expect.stringContaining('Because'),
    });
  });
});
