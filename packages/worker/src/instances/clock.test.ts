import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Rig, startRig } from '../test-rig/rig.js';

const hourMs = 3_600_000;

let rig: Rig;
beforeEach(async () => {
  rig = await startRig({ timings: { capGraceMs: 60_000 } });
  await rig.ready();
  await rig.makeReady('i-1');
});
afterEach(async () => {
  vi.useRealTimers();
  await rig.close();
});

/** The wall clock alone: timers and the monotonic clock go on. */
const jump = (ms: number) => {
  const now = Date.now() + ms;
  vi.useFakeTimers({ toFake: ['Date'], now });
};

test.each([
  ['forward', hourMs],
  ['back', -hourMs],
])('a wall clock that jumps an hour %s ends no session, whether or not the worker restarts', async (_, ms) => {
  await rig.activate({ instanceId: 'i-1', maxSessionSeconds: 600 });
  const bot = await rig.bot('i-1');
  jump(ms);
  await rig.stopWorker();
  await rig.startWorker();
  expect(await rig.control.whenObserved('i-1', 'busy')).toMatchObject({ sessionId: 's-1' });
  expect(rig.control.reportsOf('session-ended')).toEqual([]);
  // The link to the bot broke with the worker; its process ends the session.
  bot.break();
  rig.world.exit('i-1', 0);
  expect(await rig.control.whenReported('session-ended')).toMatchObject([{ reason: 'instance_exited' }]);
});

test('a clock that was set back an hour gives a session no hour more, also over a restart', async () => {
  await rig.activate({ instanceId: 'i-1', maxSessionSeconds: 0.5 });
  await rig.bot('i-1');
  jump(-hourMs);
  await rig.stopWorker();
  await rig.startWorker();
  expect(await rig.control.whenReported('session-ended')).toMatchObject([{ reason: 'duration_exceeded' }]);
});

test('the grace of a bot past its cap is not cut short or made longer by the clock', async () => {
  await rig.activate({ instanceId: 'i-1', maxSessionSeconds: 0.05 });
  await rig.bot('i-1');
  await rig.control.whenObserved('i-1', 'settling');
  jump(hourMs);
  await rig.stopWorker();
  await rig.startWorker();
  expect(await rig.control.whenObserved('i-1', 'settling')).toMatchObject({ usedUp: 'quarantined' });
});
