import { existsSync } from 'node:fs';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Rig, specOf, startRig, stopMarker } from '../test-rig/rig.js';

let rig: Rig;
/** What is read of an instance's output waits for this. */
let readable: Promise<void>;
beforeEach(async () => {
  readable = Promise.resolve();
  rig = await startRig({
    timings: { socketGraceMs: 100, capGraceMs: 100 },
    wrapDriver: (driver) => ({ ...driver, logEnd: (instanceId) => readable.then(() => driver.logEnd(instanceId)) }),
  });
  await rig.ready();
  await rig.makeReady('i-1');
});
afterEach(() => rig.close());

const ends = () => rig.control.reportsOf('session-ended');
const whenEnded = async () => (await rig.control.whenReported('session-ended'))[0];
const recordFile = () => join(rig.workerDir, 'sessions', 'i-1.json');

async function startSession(change = {}) {
  expect(await rig.activate({ instanceId: 'i-1', ...change })).toMatchObject({ ok: true });
}

test('a running session goes on and ends with the stop marker', async () => {
  await startSession();
  await rig.bot('i-1');
  await rig.stopWorker();
  await rig.startWorker();
  expect(await rig.control.whenObserved('i-1', 'busy')).toMatchObject({ sessionId: 's-1', epoch: 1 });
  expect(await rig.activate({ instanceId: 'i-1', epoch: 2, sessionId: 's-2' })).toMatchObject({ refusal: 'busy' });
  rig.world.print('i-1', stopMarker('s-1'));
  expect(await whenEnded()).toMatchObject({ sessionId: 's-1', reason: 'completed', epoch: 1 });
  await rig.control.whenObserved('i-1', 'ready');
  expect(await rig.activate({ instanceId: 'i-1', epoch: 2, sessionId: 's-2' })).toMatchObject({ ok: true });
  expect(rig.agents.of('i-1').bots).toHaveLength(2);
});

test('a bot that stopped while the worker was away has ended', async () => {
  await startSession();
  await rig.bot('i-1');
  await rig.stopWorker();
  rig.world.print('i-1', stopMarker('s-1'));
  await rig.startWorker();
  expect(await whenEnded()).toMatchObject({ reason: 'completed' });
  await rig.control.whenObserved('i-1', 'ready');
});

test('the stop marker of an earlier life of the session id does not count', async () => {
  rig.world.print('i-1', stopMarker('s-1'));
  await startSession();
  await rig.bot('i-1');
  await rig.stopWorker();
  await rig.startWorker();
  await rig.control.whenObserved('i-1', 'busy');
  rig.world.print('i-1', stopMarker('s-1'));
  await whenEnded();
});

test('an instance that exited while the worker was away has ended its session', async () => {
  await startSession();
  await rig.bot('i-1');
  await rig.stopWorker();
  rig.world.exit('i-1', 1);
  await rig.startWorker();
  const detail = 'The instance ended with exit code 1';
  expect(await whenEnded()).toMatchObject({ reason: 'instance_exited', detail });
  await rig.control.whenObserved('i-1', 'exited');
  // Its log is read on once the control plane has told its secrets anew.
  await rig.control.command({ do: 'ensure', spec: specOf('i-1') });
  await rig.control.whenReported('logs', ({ lines }) =>
    lines.some(({ text, sessionId }) => text.includes(detail) && sessionId === 's-1'),
  );
});

test('an instance that vanished while the worker was away has ended its session, and nothing is left of it', async () => {
  await startSession();
  await rig.stopWorker();
  await rig.world.open().remove('i-1', { graceSeconds: 0 });
  await rig.startWorker();
  expect(await whenEnded()).toMatchObject({
    reason: 'instance_exited',
    detail: 'The instance ended and left no trace',
  });
  await vi.waitFor(() => expect(existsSync(recordFile())).toBe(false));
});

test('the cap counts from the start of the session, whoever is away', async () => {
  await startSession({ maxSessionSeconds: 600 });
  await rig.bot('i-1');
  await rig.stopWorker();
  // As it is after eleven minutes without a worker.
  const record = JSON.parse(await readFile(recordFile(), 'utf8'));
  record.session.started = { at: new Date(Date.now() - 660_000).toISOString() };
  await writeFile(recordFile(), JSON.stringify(record));
  await rig.startWorker();
  expect(await whenEnded()).toMatchObject({ reason: 'duration_exceeded' });
  await rig.control.whenObserved('i-1', 'exited');
  expect(ends()).toHaveLength(1);
});

test('a session that waits for its socket goes on waiting', async () => {
  const began = Date.now();
  await startSession({ entry: 'socket', connectTimeoutSeconds: 1 });
  await rig.stopWorker();
  await rig.startWorker();
  const end = await whenEnded();
  expect(end).toMatchObject({ reason: 'connect_timeout' });
  // Less what two clocks that are read in whole milliseconds may differ by.
  expect(Date.parse(end?.at ?? '')).toBeGreaterThanOrEqual(began + 990);
  await rig.control.whenObserved('i-1', 'ready');
});

test('a session whose relay ended with the worker has ended', async () => {
  await startSession({ entry: 'socket' });
  const record = JSON.parse(await readFile(recordFile(), 'utf8'));
  await rig.stopWorker();
  // As it is once a socket was passed on.
  record.session.phase = 'sent';
  await writeFile(recordFile(), JSON.stringify(record));
  await rig.startWorker();
  expect(await whenEnded()).toMatchObject({ reason: 'socket_closed' });
  rig.world.print('i-1', stopMarker('s-1'));
  await rig.control.whenObserved('i-1', 'ready');
});

test('a worker killed between accepting a session and starting its bot ends the session and the instance', async () => {
  await startSession();
  const record = JSON.parse(await readFile(recordFile(), 'utf8'));
  await rig.stopWorker();
  record.session.phase = 'accepted';
  await writeFile(recordFile(), JSON.stringify(record));
  await rig.startWorker();
  expect(await whenEnded()).toMatchObject({ reason: 'bot_failed' });
  await rig.control.whenObserved('i-1', 'exited');
  expect(await rig.activate({ instanceId: 'i-1' })).toMatchObject({ refusal: 'stale_epoch' });
});

test.each([
  { how: 'an instance that runs', exits: false },
  { how: 'an instance that has ended too', exits: true },
])('it says no to the same activation that is asked for again at once, with $how', async ({ exits }) => {
  await startSession();
  const record = JSON.parse(await readFile(recordFile(), 'utf8'));
  await rig.stopWorker();
  if (exits) rig.world.exit('i-1', 1);
  record.session.phase = 'accepted';
  await writeFile(recordFile(), JSON.stringify(record));
  const { promise, resolve: letRead } = Promise.withResolvers<void>();
  readable = promise;
  await rig.startWorker();
  await rig.control.whenObserved('i-1', exits ? 'exited' : 'busy');
  const asked = rig.activate({ instanceId: 'i-1' });
  // Its answer says that the one before it has arrived.
  await rig.control.command({ do: 'forget-build', buildId: 'b-1' });
  letRead();
  expect(await asked).toMatchObject({ ok: false });
});

test('the same, where the bot says that it has started, goes on', async () => {
  await startSession();
  const record = JSON.parse(await readFile(recordFile(), 'utf8'));
  rig.world.print('i-1', stopMarker('s-1').replace('Stopping', 'Starting'));
  await rig.stopWorker();
  record.session.phase = 'accepted';
  await writeFile(recordFile(), JSON.stringify(record));
  await rig.startWorker();
  await rig.control.whenObserved('i-1', 'busy');
  rig.world.print('i-1', stopMarker('s-1'));
  expect(await whenEnded()).toMatchObject({ reason: 'completed' });
});

test('a stop under way is carried on', async () => {
  await startSession();
  const record = JSON.parse(await readFile(recordFile(), 'utf8'));
  await rig.stopWorker();
  record.session.stopping = true;
  await writeFile(recordFile(), JSON.stringify(record));
  await rig.startWorker();
  expect(await whenEnded()).toMatchObject({ reason: 'stopped' });
  await rig.control.whenObserved('i-1', 'exited');
});

test('an end that was on disk but not acknowledged is told again, unchanged', async () => {
  rig.control.behaviour.acknowledge = false;
  await startSession();
  (await rig.bot('i-1')).answer(200);
  const told = await whenEnded();
  const onDisk = join(rig.workerDir, 'copy.json');
  await cp(recordFile(), onDisk);
  await rig.stopWorker();
  // As a kill between recording and acknowledgement leaves it.
  await cp(onDisk, recordFile());
  rig.control.behaviour.acknowledge = true;
  await rig.startWorker();
  await rig.control.whenReported('session-ended', undefined, 2);
  expect(ends()).toEqual([told, told]);
  await vi.waitFor(async () => expect(JSON.parse(await readFile(recordFile(), 'utf8')).ends).toEqual([]));
  await rig.stopWorker();
  await rig.startWorker();
  await rig.control.whenObserved('i-1', 'ready');
  expect(ends()).toHaveLength(2);
  await rm(onDisk);
});

test('a settling instance goes on settling, and is killed in the end', async () => {
  await startSession({ maxSessionSeconds: 600 });
  const record = JSON.parse(await readFile(recordFile(), 'utf8'));
  await rig.stopWorker();
  delete record.session;
  for (const [untilMs, state] of [
    [3_600_000, 'settling'],
    [-1, 'exited'],
  ] as const) {
    record.settling = { sessionId: 's-1', logStart: 0, until: new Date(Date.now() + untilMs).toISOString() };
    await writeFile(recordFile(), JSON.stringify(record));
    await rig.startWorker();
    await rig.control.whenObserved('i-1', state);
    await rig.stopWorker();
  }
  expect(ends()).toEqual([]);
});

test('an instance whose session file is unreadable is not offered: it could hold a session', async () => {
  await rig.stopWorker();
  await writeFile(recordFile(), '{"epoch":');
  await rig.startWorker();
  await rig.control.whenObserved('i-1', 'failed');
  expect(await rig.activate({ instanceId: 'i-1' })).toMatchObject({ refusal: 'not_ready' });
});

test('what a worker had half written when it was killed is cleared away', async () => {
  await rig.stopWorker();
  await writeFile(`${recordFile()}.tmp`, '{"epoch":');
  await rig.startWorker();
  await rig.control.whenObserved('i-1', 'ready');
  expect(existsSync(`${recordFile()}.tmp`)).toBe(false);
});

test('an adopted instance keeps the time it took to start', async () => {
  const startedMs = rig.control.instance('i-1')?.startedMs;
  await rig.stopWorker();
  await rig.startWorker();
  await rig.control.command({ do: 'ensure', spec: specOf('i-1') });
  expect(await rig.control.whenObserved('i-1', 'ready')).toMatchObject({ startedMs });
});
