import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRelayClient } from '../test-rig/relay-client.js';
import { type Rig, startRig } from '../test-rig/rig.js';

// A container engine gives the address of an instance that has ended to the next one at once. Here the worker does not know of the end
// yet, and the instance that answers at its address is another one.
let rig: Rig;
let isOver: Set<string>;
beforeEach(async () => {
  isOver = new Set();
  rig = await startRig({
    wrapDriver: (driver) => ({ ...driver, runs: async (instanceId) => !isOver.has(instanceId) }),
  });
  await rig.ready();
  await rig.makeReady('i-1');
});
afterEach(() => rig.close());

const { hop, opened, refusedUpgrade, url } = createRelayClient(() => rig);

test('an instance that is the one at its address takes sessions, requests and sockets', async () => {
  rig.agents.of('i-1').custom = (_, res) => res.end('mine');
  await rig.activate({ instanceId: 'i-1', entry: 'socket' });
  expect(await (await fetch(url('/x'), { headers: hop() })).text()).toBe('mine');
  (await opened('/other')).terminate();
  await rig.makeReady('i-2');
  expect(await rig.activate({ instanceId: 'i-2', sessionId: 's-2' })).toMatchObject({ ok: true });
  expect(rig.agents.of('i-2').bots).toHaveLength(1);
});

test('no session begins at the address of another', async () => {
  isOver.add('i-1');
  expect(await rig.activate({ instanceId: 'i-1' })).toMatchObject({
    refusal: 'failed',
    message: expect.stringContaining('the instance has ended'),
  });
  expect(rig.agents.of('i-1').bots).toEqual([]);
});

test('nor where the driver can not tell whose address it is', async () => {
  await rig.close();
  const runs = async () => Promise.reject(new Error('the engine answered 500'));
  rig = await startRig({ wrapDriver: (driver) => ({ ...driver, runs }) });
  await rig.ready();
  await rig.makeReady('i-1');
  expect(await rig.activate({ instanceId: 'i-1' })).toMatchObject({ refusal: 'failed' });
  expect(rig.agents.of('i-1').bots).toEqual([]);
});

test('no request of a session reaches another, and no socket', async () => {
  let reached = 0;
  rig.agents.of('i-1').custom = (_, res) => {
    reached++;
    res.end('of another');
  };
  await rig.activate({ instanceId: 'i-1', entry: 'socket' });
  isOver.add('i-1');
  expect((await fetch(url('/x'), { headers: hop() })).status).toBe(502);
  expect(await refusedUpgrade('/other')).toBe(502);
  expect([reached, rig.agents.of('i-1').sockets]).toEqual([0, []]);
});
