import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Rig, startRig } from '../test-rig/rig.js';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
  await rig.ready();
});
afterEach(() => rig.close());

const refused = (refusal: string) => expect.objectContaining({ ok: false, refusal });
const accepted = expect.objectContaining({ ok: true });

test('posts to /bot with the headers and body of the session', async () => {
  await rig.makeReady('i-1');
  const room = { url: 'https://rooms.test/a', token: 'room-token' };
  const change = { transport: 'daily', room, body: { custom: 1 }, maxSessionSeconds: 600 };
  expect(await rig.activate({ instanceId: 'i-1', ...change })).toEqual(accepted);
  const { headers, body } = await rig.bot('i-1');
  expect(body).toEqual({ custom: 1 });
  expect(headers).toMatchObject({
    'x-daily-session-id': 's-1',
    'x-daily-transport-type': 'daily',
    'x-daily-room-url': room.url,
    'x-daily-room-token': room.token,
    'x-pcc-max-session-seconds': '600',
  });
  expect(rig.control.instance('i-1')).toMatchObject({ state: 'busy', epoch: 1, sessionId: 's-1' });
});

test.each([null, ['a'], 'text', 1])('sends an empty object for the body %j', async (body) => {
  await rig.makeReady('i-1');
  await rig.activate({ instanceId: 'i-1', body });
  expect((await rig.bot('i-1')).body).toEqual({});
});

test('refuses an instance that is not there', async () => {
  expect(await rig.activate({ instanceId: 'i-none' })).toEqual(refused('unknown_instance'));
});

test('refuses an instance that is not ready', async () => {
  rig.agents.defaults.readyz = 503;
  const { specOf } = await import('../test-rig/rig.js');
  await rig.control.command({ do: 'ensure', spec: specOf('i-1') });
  await rig.control.whenObserved('i-1', 'starting');
  expect(await rig.activate({ instanceId: 'i-1' })).toEqual(refused('not_ready'));
});

test('refuses a second session, also while the first settles', async () => {
  await rig.makeReady('i-1');
  await rig.activate({ instanceId: 'i-1', maxSessionSeconds: 0.5 });
  expect(await rig.activate({ instanceId: 'i-1', epoch: 2, sessionId: 's-2' })).toEqual(refused('busy'));
  await rig.control.whenObserved('i-1', 'settling');
  expect(await rig.activate({ instanceId: 'i-1', epoch: 3, sessionId: 's-3' })).toEqual(refused('busy'));
  expect(rig.agents.of('i-1').bots).toHaveLength(1);
});

test('refuses an epoch that is not greater than those seen', async () => {
  await rig.makeReady('i-1');
  await rig.activate({ instanceId: 'i-1', epoch: 5 });
  (await rig.bot('i-1')).answer(200);
  await rig.control.whenObserved('i-1', 'ready');
  for (const epoch of [4, 5]) {
    expect(await rig.activate({ instanceId: 'i-1', epoch, sessionId: 's-2' })).toEqual(refused('stale_epoch'));
  }
  expect(await rig.activate({ instanceId: 'i-1', epoch: 6, sessionId: 's-2' })).toEqual(accepted);
});

test('answers a repeated activation alike, without a second bot', async () => {
  await rig.makeReady('i-1');
  const both = await Promise.all([rig.activate({ instanceId: 'i-1' }), rig.activate({ instanceId: 'i-1' })]);
  expect(both).toEqual([accepted, accepted]);
  const bot = await rig.bot('i-1');
  expect(await rig.activate({ instanceId: 'i-1' })).toEqual(accepted);
  bot.answer(200);
  await rig.control.whenObserved('i-1', 'ready');
  expect(await rig.activate({ instanceId: 'i-1' })).toEqual(accepted);
  expect(rig.agents.of('i-1').bots).toHaveLength(1);
});

test('one of many claims of an instance wins', async () => {
  await rig.makeReady('i-1');
  const claims = Array.from({ length: 20 }, (_, at) =>
    rig.activate({ instanceId: 'i-1', epoch: at + 1, sessionId: `s-${at}` }),
  );
  expect((await Promise.all(claims)).filter(({ ok }) => ok)).toHaveLength(1);
  await rig.bot('i-1');
  expect(rig.agents.of('i-1').bots).toHaveLength(1);
});

test('the epoch is on disk before the bot hears of the session', async () => {
  await rig.makeReady('i-1');
  await rig.activate({ instanceId: 'i-1', epoch: 7 });
  await rig.bot('i-1');
  const record = JSON.parse(await readFile(join(rig.workerDir, 'sessions', 'i-1.json'), 'utf8'));
  expect(record).toMatchObject({ epoch: 7, session: { sessionId: 's-1', entry: 'bot', phase: 'sent', logStart: 0 } });
});

test('epochs outlive the worker', async () => {
  await rig.makeReady('i-1');
  await rig.activate({ instanceId: 'i-1', epoch: 5 });
  (await rig.bot('i-1')).answer(200);
  await rig.control.whenReported('session-ended');
  await rig.stopWorker();
  await rig.startWorker();
  expect(await rig.control.whenObserved('i-1', 'ready')).toMatchObject({ epoch: 5 });
  expect(await rig.activate({ instanceId: 'i-1', epoch: 5, sessionId: 's-2' })).toEqual(refused('stale_epoch'));
  expect(await rig.activate({ instanceId: 'i-1', epoch: 5 })).toEqual(accepted);
  expect(await rig.activate({ instanceId: 'i-1', epoch: 6, sessionId: 's-2' })).toEqual(accepted);
});

test('a port that takes no connection refuses the session, uses up the epoch and takes the instance off offer', async () => {
  // Of no use to anybody: a free port might be somebody's a moment later.
  const address = 'http://127.0.0.1:9';
  let unreachable = false;
  const other = await startRig({
    timings: { observeMs: 20, probeIdleMs: 60_000 },
    wrapDriver: (driver) => ({
      ...driver,
      list: async () => (await driver.list()).map((one) => (unreachable ? { ...one, address } : one)),
    }),
  });
  try {
    await other.ready();
    await other.makeReady('i-1');
    unreachable = true;
    const before = other.control.messages.length;
    // The worker looks at the driver's list before it tells what it has seen anew.
    await expect
      .poll(() => other.control.messages.slice(before).filter(({ type }) => type === 'observed').length)
      .toBeGreaterThan(3);
    expect(await other.activate({ instanceId: 'i-1' })).toEqual(refused('failed'));
    expect(await other.control.whenObserved('i-1', 'starting')).toMatchObject({ epoch: 1 });
    expect(other.control.instance('i-1')?.sessionId).toBeUndefined();
    expect(await other.activate({ instanceId: 'i-1' })).toEqual(refused('stale_epoch'));
    expect(other.control.reportsOf('session-ended')).toEqual([]);
  } finally {
    await other.close();
  }
});
