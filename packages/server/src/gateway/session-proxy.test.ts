import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { bodyOf, type GatewayWorld, openGatewayWorld } from '../testing/gateway-world.js';

let world: GatewayWorld;
beforeEach(async () => {
  world = await openGatewayWorld();
});
afterEach(() => world.close());

describe('the proxy of sessions', () => {
  let sessionId: string;
  beforeEach(async () => {
    sessionId = (await bodyOf(await world.start({}))).sessionId ?? '';
  });
  const call = (path: string, init: RequestInit = {}) => world.send(`bot/sessions/${sessionId}/${path}`, init);

  test('an offer and its candidates arrive byte for byte, without the key', async () => {
    const offer = '{ "sdp":"v=0\\r\\n", "type":"offer","pc_id": null, "restart_pc":false }';
    await call('api/offer?x=1', { body: offer });
    await call('api/offer', { method: 'PATCH', body: '{"pc_id":"p","candidates":[]}' });
    const [first, second] = world.seen;
    expect([first?.method, first?.body]).toEqual(['POST', offer]);
    expect(first?.url).toMatch(/\/api\/offer\?x=1$/);
    expect(first?.headers).toMatchObject({ 'content-type': 'application/json' });
    expect(first?.headers.authorization).toBeUndefined();
    expect([second?.method, second?.body]).toEqual(['PATCH', '{"pc_id":"p","candidates":[]}']);
  });

  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])('%s reaches the agent', async (method) => {
    await call('own', { method });
    expect(world.seen.map((request) => request.method)).toEqual([method]);
  });

  test('status, headers and body are the agent’s, but for what it says of other origins', async () => {
    world.container.answer = (_request, response) =>
      response
        .writeHead(418, {
          'content-type': 'text/plain',
          'x-own': 'kept',
          'access-control-allow-origin': 'https://evil.example',
          'access-control-allow-credentials': 'true',
        })
        .end('short');
    const response = await call('own');
    expect([response.status, await response.text()]).toEqual([418, 'short']);
    expect(response.headers.get('x-own')).toBe('kept');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-allow-credentials')).toBeNull();
  });

  test('an answer is passed on while it is being written', async () => {
    let end = () => {};
    world.container.answer = (_request, response) => {
      response.writeHead(200).write('first');
      end = () => response.end('last');
    };
    const reader = (await call('stream')).body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('first');
    end();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('last');
  });

  test('sessions that are unknown, ended or of another organization, and agents that do not answer, are told apart', async () => {
    const unknown = await world.send(`bot/sessions/${crypto.randomUUID()}/own`);
    expect([unknown.status, (await bodyOf(unknown)).code]).toEqual([404, '404']);
    const theirs = await (await world.server.organization('theirs')).member('admin');
    const foreign = await call('own', {
      headers: { authorization: `Bearer ${await world.publicKey('theirs', theirs.token)}` },
    });
    expect([foreign.status, (await bodyOf(foreign)).code]).toEqual([404, '404']);
    world.container.answer = (request) => void request.socket.destroy();
    const silent = await call('own');
    expect(silent.status).toBe(502);
    expect(await bodyOf(silent)).toMatchObject({ code: '502', info: expect.stringContaining(sessionId) });
    expect(silent.headers.get('access-control-allow-origin')).toBe('*');
    world.worker.endSession(sessionId, 'completed');
    await vi.waitFor(async () => expect((await call('own')).status).toBe(404), { timeout: 10_000, interval: 20 });
  });

  test('the paths by which the platform talks to a container are closed', async () => {
    for (const path of ['bot', 'readyz', 'x/../bot', '%62ot', 'pcc/capabilities']) {
      expect((await call(path)).status, path).toBe(404);
    }
    expect(world.seen).toEqual([]);
  });
});

test('an offer that comes while the session is starting waits for it', async () => {
  world.worker.behaviour.answers = false;
  const starting = world.start({ transport: 'webrtc' });
  const sessionId = await vi.waitFor(() => {
    const [activation] = world.worker.activations();
    expect(activation).toBeDefined();
    return activation?.sessionId ?? '';
  });
  const { state } = (
    await world.server.call(world.token, 'GET', `/v1/organizations/ours/services/bot/sessions/${sessionId}`)
  ).body;
  expect(state).toBe('starting');
  const offer = world.send(`bot/sessions/${sessionId}/api/offer`, { body: '{"pc_id":null}' });
  const early = await Promise.race([offer, new Promise((resolve) => setTimeout(resolve, 300, 'held'))]);
  expect(early).toBe('held');
  // The answer was lost with the connection; asked again, the worker says yes to the session that it holds.
  world.worker.behaviour.answers = true;
  world.worker.disconnect();
  await world.worker.connect();
  expect((await starting).status).toBe(200);
  expect((await offer).status).toBe(200);
  expect(world.seen.map(({ body }) => body)).toEqual(['{"pc_id":null}']);
});
