import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Rig, startRig, stopMarker } from '../test-rig/rig.js';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig({ timings: { socketGraceMs: 100, capGraceMs: 100 } });
  await rig.ready();
  await rig.makeReady('i-1');
});
afterEach(() => rig.close());

const ends = () => rig.control.reportsOf('session-ended');
const whenEnded = async () => (await rig.control.whenReported('session-ended'))[0];

test('a bot that answers has completed, and the instance takes the next session', async () => {
  await rig.activate({ instanceId: 'i-1' });
  (await rig.bot('i-1')).answer(200);
  expect(await whenEnded()).toMatchObject({
    sessionId: 's-1',
    instanceId: 'i-1',
    epoch: 1,
    reason: 'completed',
    status: 200,
  });
  expect((await rig.control.whenObserved('i-1', 'ready'))?.sessionId).toBeUndefined();
  expect(await rig.activate({ instanceId: 'i-1', epoch: 2, sessionId: 's-2' })).toMatchObject({ ok: true });
});

test('a bot that answers with an error has failed, with its status, and the instance goes on', async () => {
  await rig.activate({ instanceId: 'i-1' });
  (await rig.bot('i-1')).answer(500);
  expect(await whenEnded()).toMatchObject({ reason: 'bot_failed', status: 500 });
  await rig.control.whenObserved('i-1', 'ready');
});

test('a session whose instance exits has ended with it', async () => {
  await rig.activate({ instanceId: 'i-1' });
  await rig.bot('i-1');
  rig.world.print('i-1', 'boom\n');
  rig.world.exit('i-1', 3);
  expect(await whenEnded()).toMatchObject({
    reason: 'instance_exited',
    detail: 'The instance ended with exit code 3',
  });
  const { error } = (await rig.control.whenObserved('i-1', 'exited')) ?? {};
  expect(error?.message).toMatch(/exit code 3.*boom/s);
  expect(ends()).toHaveLength(1);
  // Behind the last line that it wrote, in the log of its session.
  await rig.control.whenReported('logs', ({ lines }) => lines.some(({ level }) => level === 'ERROR'));
  const lines = rig.control.reportsOf('logs').flatMap((report) => report.lines);
  expect(lines.map(({ text, sessionId }) => [text, sessionId])).toEqual([
    ['boom', 's-1'],
    ['[pipecat-cloud] Session ended: The instance ended with exit code 3', 's-1'],
  ]);
  expect(lines[1]?.position).toBeGreaterThan(lines[0]?.position ?? Number.POSITIVE_INFINITY);
});

test('what an engine says of an end is told without secrets, and not at length', async () => {
  await rig.makeReady('i-2', { environment: { KEY: 'super-secret-value' } });
  await rig.activate({ instanceId: 'i-2' });
  await rig.bot('i-2');
  rig.world.exit('i-2', null, `super-secret-value and pk_0123456789abcdef ${'long '.repeat(500)}`);
  const { detail = '' } = (await whenEnded()) ?? {};
  expect(detail).toMatch(/^The instance ended because the engine could not run it: \[redacted\] and pk_\[redacted\]/);
  expect(detail.length).toBeLessThanOrEqual(500);
});

test('an instance that exits after its bot has stopped leaves a completed session', async () => {
  await rig.activate({ instanceId: 'i-1' });
  await rig.bot('i-1');
  rig.world.print('i-1', stopMarker('s-1'));
  rig.world.exit('i-1', 0);
  const end = await whenEnded();
  expect(end).toMatchObject({ reason: 'completed' });
  expect(end).not.toHaveProperty('detail');
  // Nothing went wrong: its log says no more than the agent did.
  await rig.control.command({ do: 'remove', instanceId: 'i-1', graceSeconds: 0 });
  await rig.control.whenObserved('i-1', undefined);
  expect(JSON.stringify(rig.control.reportsOf('logs'))).not.toContain('[pipecat-cloud]');
});

test('a broken /bot connection holds the session until the stop marker of this session', async () => {
  await rig.activate({ instanceId: 'i-1' });
  (await rig.bot('i-1')).break();
  rig.world.print('i-1', stopMarker('s-other'));
  rig.world.print('i-1', 'Stopping bot session with metadata: not JSON\n');
  rig.world.print('i-1', 'still talking\n');
  // By the time this line has come through, the worker has seen those before it too.
  await rig.control.whenReported('logs', ({ lines }) => lines.some(({ text }) => text === 'still talking'));
  expect(rig.control.instance('i-1')?.state).toBe('busy');
  expect(ends()).toEqual([]);
  rig.world.print('i-1', stopMarker('s-1'));
  expect(await whenEnded()).toMatchObject({ reason: 'completed' });
  await rig.control.whenObserved('i-1', 'ready');
});

test('a stop ends the session and its instance', async () => {
  await rig.activate({ instanceId: 'i-1' });
  await rig.bot('i-1');
  const stop = { do: 'stop', instanceId: 'i-1', sessionId: 's-1', epoch: 1 } as const;
  expect(await rig.control.command(stop)).toMatchObject({ ok: true });
  expect(await whenEnded()).toMatchObject({ reason: 'stopped' });
  expect((await rig.control.whenObserved('i-1', 'exited'))?.error).toBeUndefined();
  expect(await rig.control.command(stop)).toMatchObject({ ok: true });
  expect(ends()).toHaveLength(1);
});

test('a stop for a session that the instance does not hold leaves the one it holds alone', async () => {
  await rig.activate({ instanceId: 'i-1' });
  const bot = await rig.bot('i-1');
  for (const [sessionId, epoch] of [
    ['s-other', 1],
    ['s-1', 2],
  ] as const) {
    await rig.control.command({ do: 'stop', instanceId: 'i-1', sessionId, epoch });
  }
  bot.answer(200);
  expect(await whenEnded()).toMatchObject({ reason: 'completed' });
});

test('a session at its cap has ended; its instance settles and is killed when the bot goes on', async () => {
  await rig.activate({ instanceId: 'i-1', maxSessionSeconds: 0.05 });
  expect(await whenEnded()).toMatchObject({ reason: 'duration_exceeded' });
  await rig.control.whenPassed('i-1', 'settling');
  expect((await rig.control.whenObserved('i-1', 'exited'))?.error?.message).toMatch(/went on after its session/);
  expect(ends()).toHaveLength(1);
});

test('a bot that finishes within the grace after the cap leaves its instance running, but for no other session', async () => {
  const patient = await startRig({ timings: { capGraceMs: 60_000 } });
  try {
    await patient.ready();
    await patient.makeReady('i-1');
    await patient.activate({ instanceId: 'i-1', maxSessionSeconds: 0.05 });
    await patient.control.whenObserved('i-1', 'settling');
    (await patient.bot('i-1')).answer(200);
    expect(await patient.control.whenObserved('i-1', 'ready')).toMatchObject({ usedUp: 'quarantined' });
    expect(patient.control.reportsOf('session-ended')).toMatchObject([
      { reason: 'duration_exceeded', unfinished: true },
    ]);
    expect(await patient.activate({ instanceId: 'i-1', epoch: 2, sessionId: 's-2' })).toMatchObject({
      refusal: 'used_up',
    });
  } finally {
    await patient.close();
  }
});

test('a socket session without a socket ends in time, and its instance stays ready', async () => {
  await rig.activate({ instanceId: 'i-1', entry: 'socket', connectTimeoutSeconds: 0.05 });
  expect(await whenEnded()).toMatchObject({ reason: 'connect_timeout' });
  expect(await rig.control.whenPassed('i-1', 'busy')).toMatchObject({ sessionId: 's-1' });
  await rig.control.whenObserved('i-1', 'ready');
  expect(rig.agents.of('i-1').bots).toHaveLength(0);
});

test('a busy instance is removed only when that is meant', async () => {
  await rig.activate({ instanceId: 'i-1' });
  const remove = { do: 'remove', instanceId: 'i-1', graceSeconds: 0 } as const;
  expect(await rig.control.command(remove)).toMatchObject({ ok: false, refusal: 'busy' });
  expect(await rig.control.command({ ...remove, evenIfBusy: true })).toMatchObject({ ok: true });
  expect(await whenEnded()).toMatchObject({ reason: 'stopped' });
  await rig.control.whenObserved('i-1', undefined);
});

test('an unacknowledged end is told again on the next link, with its number', async () => {
  rig.control.behaviour.acknowledge = false;
  await rig.activate({ instanceId: 'i-1' });
  (await rig.bot('i-1')).answer(200);
  await whenEnded();
  rig.control.drop();
  await rig.control.whenReported('session-ended', undefined, 2);
  const [first, second] = rig.control.reports.filter(({ report }) => report.type === 'session-ended');
  expect(second).toEqual(first);
  rig.control.acknowledge([first?.number ?? 0]);
  // Acknowledged in this link, it is not told in the next.
  const links = rig.control.links.length;
  rig.control.behaviour.acknowledge = true;
  await rig.control.whenObserved('i-1', 'ready');
  expect(await rig.activate({ instanceId: 'i-1', epoch: 2, sessionId: 's-2' })).toMatchObject({ ok: true });
  rig.control.drop();
  await vi.waitFor(() => expect(rig.control.links.length).toBeGreaterThan(links));
  (await rig.bot('i-1', 1)).answer(200);
  await rig.control.whenReported('session-ended', ({ sessionId }) => sessionId === 's-2');
  expect(ends().filter(({ sessionId }) => sessionId === 's-1')).toHaveLength(2);
});

test('usage of a session is reported', async () => {
  await rig.activate({ instanceId: 'i-1' });
  const [usage] = await rig.control.whenReported('usage');
  expect(usage).toMatchObject({ sessionId: 's-1', samples: [{ c: 0, m: 1024 }] });
});
