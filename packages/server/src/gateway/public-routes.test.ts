import { afterEach, beforeEach, expect, test } from 'vitest';
import { bodyOf, type GatewayWorld, openGatewayWorld } from '../testing/gateway-world.js';

let world: GatewayWorld;
beforeEach(async () => {
  world = await openGatewayWorld();
});
afterEach(() => world.close());

test.each([
  ['nothing', undefined],
  ['an empty text', ''],
  ['null', 'null'],
  ['{}', '{}'],
])('takes %s as no wish at all', async (_name, body) => {
  const started = await world.send('bot/start', body === undefined ? {} : { body });
  expect(started.status).toBe(200);
  expect(Object.keys(await bodyOf(started))).toEqual(['sessionId']);
  expect(world.worker.activations().at(-1)?.body).toEqual({});
});

test('ICE servers are there for whoever asks for them, and not where they would be in the way', async () => {
  const iceConfig = { iceServers: [{ urls: ['stun:stun.example:3478'] }] };
  const asked = await bodyOf(await world.start({ transport: 'webrtc', enableDefaultIceServers: true }));
  expect(asked).toEqual({ sessionId: expect.any(String), iceConfig });
  expect(world.worker.activations().at(-1)?.transport).toBe('webrtc');
  expect(await bodyOf(await world.start({ transport: 'webrtc' }))).toEqual({ sessionId: expect.any(String) });
  await world.deploy('other', 'token');
  const daily = await bodyOf(await world.start({ transport: 'daily', enableDefaultIceServers: true }, 'other'));
  expect(daily).toEqual({ sessionId: expect.any(String) });
  const socket = await bodyOf(await world.start({ transport: 'websocket', enableDefaultIceServers: true }));
  expect(Object.keys(socket).sort()).toEqual(['sessionId', 'token', 'wsUrl']);
});

test('a body has its limit, in bytes of its JSON: 4 KB for a socket, else 1 MB', async () => {
  // In quotes; the letter has two bytes.
  const text = (bytes: number) => 'ä'.repeat((bytes - 2) / 2);
  expect((await world.start({ transport: 'websocket', body: text(4096) })).status).toBe(200);
  expect((await world.start({ transport: 'webrtc', body: text(1024 * 1024) })).status).toBe(200);
  const activations = world.worker.activations().length;
  for (const [transport, bytes] of [
    ['websocket', 4098],
    ['webrtc', 1024 * 1024 + 2],
    [undefined, 1024 * 1024 + 2],
    ['webrtc', 3 * 1024 * 1024],
  ] as const) {
    const refused = await world.start({ transport, body: text(bytes) });
    expect(refused.status).toBe(413);
    expect(await bodyOf(refused)).toMatchObject({ code: '413', error: expect.any(String), info: expect.any(String) });
  }
  expect(world.worker.activations()).toHaveLength(activations);
});

test('a flow is refused by its name and starts nothing, in every transport; one that says nothing is none', async () => {
  for (const transport of [undefined, 'webrtc', 'websocket'])
    for (const flow_config of ['nodes: []', { nodes: [] }]) {
      const refused = await world.start({ transport, flow_config, body: {} });
      expect([refused.status, await bodyOf(refused)]).toEqual([
        400,
        expect.objectContaining({ code: 'GENERIC_BAD_REQUEST', error: expect.stringContaining('flow_config') }),
      ]);
    }
  expect(world.worker.activations()).toEqual([]);
  for (const flow_config of [null, '']) expect((await world.start({ flow_config })).status).toBe(200);
});

test('a socket without a token takes no body, but nothing said is no body', async () => {
  await world.deploy('open', 'none');
  const plain = { wsUrl: 'ws://localhost:7400/ws/generic/open.ours', sessionId: expect.any(String) };
  for (const body of [undefined, null, {}]) {
    expect(await bodyOf(await world.start({ transport: 'websocket', body }, 'open'))).toEqual(plain);
  }
  const refused = await world.start({ transport: 'websocket', body: { caller: 'ann' } }, 'open');
  expect([refused.status, await bodyOf(refused)]).toEqual([
    400,
    expect.objectContaining({ code: 'GENERIC_BAD_REQUEST' }),
  ]);
});

test('a socket gets its body back in base64', async () => {
  const started = await bodyOf(await world.start({ transport: 'websocket', body: { caller: 'änn' } }));
  expect(JSON.parse(Buffer.from(started.body ?? '', 'base64').toString())).toEqual({ caller: 'änn' });
  expect(started.token).toMatch(/^[\w-]+\.[\w-]+$/);
});

test('whatever is refused is refused readably: status, code, and the text where browser clients look for it', async () => {
  await world.start({});
  await world.start({});
  const refusals: [number, string, Response][] = [
    [400, 'GENERIC_BAD_REQUEST', await world.send('bot/start', { body: '{"transport":' })],
    [400, 'GENERIC_BAD_REQUEST', await world.start({ transport: 'pigeon' })],
    [400, 'GENERIC_BAD_REQUEST', await world.start({ createDailyRoom: true })],
    [401, '401', await world.send('bot/start', { headers: { authorization: '' } })],
    [401, '401', await world.send('bot/start', { headers: { authorization: 'Bearer pk_wrong' } })],
    [404, '404', await world.start({}, 'nobody')],
    [404, '404', await world.send('bot/begin')],
    [429, '429', await world.start({})],
  ];
  for (const [status, code, response] of refusals) {
    const body = await bodyOf(response);
    expect([response.status, body.code, response.headers.get('content-type')]).toEqual([
      status,
      code,
      'application/json; charset=utf-8',
    ]);
    expect(body.info).toBe(body.error);
    expect(body.error?.length).toBeGreaterThan(10);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-expose-headers')).toBe('*');
  }
});
