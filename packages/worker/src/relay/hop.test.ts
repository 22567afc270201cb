import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { hopHeader } from '@pipecat-cloud/contract/worker-protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { claims, createRelayClient } from '../test-rig/relay-client.js';
import { type Rig, startRig } from '../test-rig/rig.js';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig({ timings: { socketGraceMs: 60_000, relayGraceMs: 60_000 } });
  await rig.ready();
  await rig.makeReady('i-1');
});
afterEach(() => rig.close());

const { hop, refusedUpgrade, url } = createRelayClient(() => rig);

test('refuses hops that are unsigned, forged, expired, of another instance, session or epoch', async () => {
  await rig.makeReady('i-2');
  await rig.activate({ instanceId: 'i-1', epoch: 2 });
  const custom = vi.fn();
  rig.agents.of('i-1').custom = custom;
  const foreign = generateKeyPairSync('ed25519').privateKey;
  const held = { ...claims, epoch: 2 };
  const tampered = rig.control.hop(held).replace(/^[^.]+/, Buffer.from(JSON.stringify(held)).toString('base64url'));
  const refusals: [number, string, string | undefined][] = [
    [403, url('/x'), undefined],
    [403, url('/x'), 'nonsense'],
    [403, url('/x'), rig.control.hop(held, foreign)],
    [403, url('/x'), tampered],
    [403, url('/x'), rig.control.hop({ ...held, expires: Math.floor(Date.now() / 1000) - 1 })],
    [403, url('/x'), rig.control.hop({ ...held, instanceId: 'i-2' })],
    [404, url('/x', 'i-none'), rig.control.hop({ ...held, instanceId: 'i-none' })],
    [410, url('/x', 'i-2'), rig.control.hop({ ...held, instanceId: 'i-2' })],
    [410, url('/x'), rig.control.hop({ ...held, sessionId: 's-other' })],
    [410, url('/x'), rig.control.hop({ ...held, epoch: 1 })],
    [404, `${rig.dataUrl()}/other`, rig.control.hop(held)],
  ];
  for (const [status, target, header] of refusals) {
    const answer = await fetch(target, header === undefined ? {} : { headers: { [hopHeader]: header } });
    expect([answer.status, await answer.json()]).toEqual([status, { error: expect.any(String), code: String(status) }]);
  }
  expect(await refusedUpgrade('/ws', { [hopHeader]: 'nonsense' })).toBe(403);
  expect(await refusedUpgrade('/ws', { [hopHeader]: rig.control.hop({ ...held, epoch: 1 }) })).toBe(410);
  expect(custom).not.toHaveBeenCalled();
});

test.each(['/bot#x', '/ws#', '/x?q=#', '#'])('a fragment is refused: %s', async (path) => {
  await rig.activate({ instanceId: 'i-1' });
  const custom = vi.fn();
  rig.agents.of('i-1').custom = custom;
  const { hostname, port } = new URL(rig.dataUrl());
  const sent = request({ hostname, port, path: `/instances/i-1${path}`, headers: hop() }).end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.resume();
  expect([answer.statusCode, custom.mock.calls]).toEqual([400, []]);
});

test('an ended session is not relayed to any more, and what was open is cut before the next', async () => {
  await rig.activate({ instanceId: 'i-1' });
  rig.agents.of('i-1').custom = (_req, res) => void res.writeHead(200).write('endless');
  const answer = await fetch(url('/stream'), { headers: hop() });
  let cut = false;
  answer.text().catch(() => {
    cut = true;
  });
  (await rig.bot('i-1')).answer(200);
  await rig.control.whenObserved('i-1', 'ready');
  expect((await fetch(url('/x'), { headers: hop() })).status).toBe(410);
  expect(cut).toBe(false);
  await rig.activate({ instanceId: 'i-1', epoch: 2, sessionId: 's-2' });
  await vi.waitFor(() => expect(cut).toBe(true));
});

test('a session that has ended is not relayed to while its instance settles', async () => {
  await rig.activate({ instanceId: 'i-1', maxSessionSeconds: 0.05 });
  await rig.control.whenObserved('i-1', 'settling');
  expect((await fetch(url('/x'), { headers: hop() })).status).toBe(410);
});

test('what is open at the end of a session is cut after a while', async () => {
  const strict = await startRig({ timings: { relayGraceMs: 20 } });
  try {
    await strict.ready();
    await strict.makeReady('i-1');
    await strict.activate({ instanceId: 'i-1' });
    strict.agents.of('i-1').custom = (_req, res) => void res.writeHead(200).write('endless');
    const headers = { [hopHeader]: strict.control.hop(claims) };
    const answer = await fetch(`${strict.dataUrl()}/instances/i-1/stream`, { headers });
    const cut = expect(answer.text()).rejects.toThrow();
    (await strict.bot('i-1')).answer(200);
    await cut;
  } finally {
    await strict.close();
  }
});

test('a restarted worker relays before the control plane is back', async () => {
  await rig.activate({ instanceId: 'i-1' });
  rig.agents.of('i-1').custom = (_req, res) => res.end('served');
  await rig.stopWorker();
  await rig.startWorker();
  await rig.control.whenObserved('i-1', 'busy');
  rig.control.drop();
  expect(await (await fetch(url('/x'), { headers: hop() })).text()).toBe('served');
});
