import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Rig, startRig } from '../test-rig/rig.js';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
  await rig.ready();
  await rig.makeReady('i-1');
});
afterEach(() => rig.close());

async function serve(epoch: number, reuse: { maxSessions?: number; maxMemoryBytes?: number }) {
  const answer = await rig.activate({ instanceId: 'i-1', epoch, sessionId: `s-${epoch}`, reuse });
  if (answer.ok) (await rig.bot('i-1', epoch - 1)).answer(200);
  return answer;
}
const afterSession = (epoch: number) =>
  rig.control.whenReported('session-ended', ({ sessionId }) => sessionId === `s-${epoch}`);

test('an instance takes as many sessions as it may have, and refuses the next', async () => {
  await serve(1, { maxSessions: 2 });
  await afterSession(1);
  expect((await rig.control.whenObserved('i-1', 'ready'))?.usedUp).toBeUndefined();
  await serve(2, { maxSessions: 2 });
  await afterSession(2);
  expect(await rig.control.whenObserved('i-1', 'ready')).toMatchObject({ usedUp: 'sessions' });
  expect(await serve(3, {})).toMatchObject({ ok: false, refusal: 'used_up' });
});

test('one that has served is refused a session by a policy that came since', async () => {
  await serve(1, {});
  await afterSession(1);
  await rig.control.whenObserved('i-1', 'ready');
  expect(await serve(2, { maxSessions: 1 })).toMatchObject({ ok: false, refusal: 'used_up' });
  expect(await serve(2, { maxSessions: 2 })).toMatchObject({ ok: true });
});

test('an instance that holds too much memory after a session takes no other, also after a restart of the worker', async () => {
  // The fake driver says 1024 of each.
  await serve(1, { maxMemoryBytes: 1024 });
  await afterSession(1);
  expect((await rig.control.whenObserved('i-1', 'ready'))?.usedUp).toBeUndefined();
  await serve(2, { maxMemoryBytes: 1023 });
  await afterSession(2);
  expect(await rig.control.whenObserved('i-1', 'ready')).toMatchObject({ usedUp: 'memory' });
  await rig.stopWorker();
  await rig.startWorker();
  expect(await rig.control.whenObserved('i-1', 'ready')).toMatchObject({ usedUp: 'memory' });
  expect(await serve(3, {})).toMatchObject({ ok: false, refusal: 'used_up' });
});
