import { expect, test } from 'vitest';
import { deploymentState, differences } from './deployment-words';
import { troubleOf } from './mend';
import { secondsWords, startTimes } from './start-times';

const change = (setting: string, from: string | null, to: string | null) => ({ setting, from, to });

test('two deployments differ in what changed on the way from the older to the newer', () => {
  const history = [
    { id: 'd', changes: [change('profile', 'agent-2x', 'agent-1x'), change('secretSet', null, 'keys')] },
    { id: 'c', changes: [change('image', 'a:2', 'a:3')] },
    { id: 'b', changes: [change('image', 'a:1', 'a:2'), change('profile', 'agent-1x', 'agent-2x')] },
    { id: 'a', changes: [] },
  ];
  // The profile went there and back again, so it is the same in both.
  const all = [change('image', 'a:1', 'a:3'), change('secretSet', null, 'keys')];
  expect(differences(history, 'a', 'd')).toEqual(all);
  expect(differences(history, 'd', 'a')).toEqual(all);
  expect(differences(history, 'b', 'c')).toEqual([change('image', 'a:2', 'a:3')]);
  expect(differences(history, 'c', 'c')).toEqual([]);
  expect(differences(history, 'c', 'gone')).toEqual([]);
  // What was nothing at first stays nothing, however often it changed after.
  const twice = [
    { id: 'c', changes: [change('secretSet', 'keys', 'more')] },
    { id: 'b', changes: [change('secretSet', null, 'keys')] },
    { id: 'a', changes: [] },
  ];
  expect(differences(twice, 'a', 'c')).toEqual([change('secretSet', null, 'more')]);
});

test('start times are told for warm and cold starts apart, and only for those that were measured', () => {
  const session = (coldStart: boolean | null, botStartSeconds: number | null) => ({ coldStart, botStartSeconds });
  const warm = Array.from({ length: 20 }, (_, n) => session(false, n === 19 ? 9 : n === 18 ? 4 : 0));
  expect(startTimes([...warm, session(true, 7), session(true, null), session(null, 3)])).toEqual([
    { kind: 'Warm', count: 20, p50: 0, p95: 4 },
    { kind: 'Cold', count: 1, p50: 7, p95: 7 },
  ]);
  expect(startTimes([])).toEqual([]);
  expect([secondsWords(0), secondsWords(1), secondsWords(2.345)]).toEqual(['under 1 s', '1 s', '2.3 s']);
});

test('what has failed comes with how to mend it, and with who serves meanwhile', () => {
  const failed = (code: string, available: boolean) =>
    troubleOf({ available, errors: [{ code, message: 'said by the server' }] });
  expect(troubleOf({ available: true, errors: [] })).toBeUndefined();
  expect(failed('PCC_IMAGE_PULL_UNAUTHORIZED', false)).toMatchObject({
    message: 'said by the server',
    mend: expect.stringMatching(/image pull secret.*attach/),
  });
  expect(failed('PCC_NEW', true)?.mend).toMatch(/Mend the agent and deploy again.*goes on serving/);
  expect(failed('PCC_NEW', false)?.mend).not.toContain('goes on serving');
});

test('a state that is new here is shown as it is', () => {
  expect(deploymentState('canary').words).toBe('Canary');
  expect(deploymentState('frozen').words).toBe('frozen');
});
