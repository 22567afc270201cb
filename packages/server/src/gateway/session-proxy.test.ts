import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
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

  test('what names the platform is not for callers to say, and what a browser keeps for the origin not for agents', async () => {
    world.container.answer = (_request, response) =>
      response
        .writeHead(200, {
          'set-cookie': ['pipecat-session=evil; Path=/', 'b=c'],
          'clear-site-data': '"*"',
          'strict-transport-security': 'max-age=0',
          'x-pipecat-cloud-hop-refused': '404',
          'cache-control': 'max-age=5',
          'x-content-type-options': 'anything',
        })
        .end();
    const forged = {
      'x-daily-session-id': 'another',
      'x-daily-room-url': 'https://evil.example',
      'x-pcc-max-session-seconds': '999999',
      'x-pipecat-cloud-hop': 'forged',
      cookie: 'dashboard=secret',
      'x-own': 'kept',
    };
    const response = await call('own', { headers: forged });
    const [seen] = world.seen;
    expect(seen?.headers['x-own']).toBe('kept');
    expect(seen?.headers['x-pipecat-cloud-hop']).not.toBe('forged');
    for (const name of ['x-daily-session-id', 'x-daily-room-url', 'x-pcc-max-session-seconds', 'cookie'])
      expect(seen?.headers, name).not.toHaveProperty(name);
    // The stand-in for the worker says it with a header that a worker takes off agents' answers.
    expect(response.status).toBe(404);
    world.container.answer = (_request, answer) =>
      answer.writeHead(200, { 'set-cookie': 'a=b', 'clear-site-data': '"*"', 'x-content-type-options': 'x' }).end();
    const kept = await call('own');
    expect(kept.status).toBe(200);
    expect([kept.headers.get('set-cookie'), kept.headers.get('clear-site-data')]).toEqual([null, null]);
    expect([kept.headers.get('x-content-type-options'), kept.headers.get('cache-control')]).toEqual([
      'nosniff',
      'no-store',
    ]);
  });

  test.each([
    [404, 404],
    [410, 404],
    [502, 502],
    [503, 503],
    [403, 502],
  ])(
    'a worker that refuses the hop with %i is %i, readably; the same of the agent is its own answer',
    async (said, status) => {
      world.container.answer = (_request, response) =>
        response.writeHead(said, { 'x-pipecat-cloud-hop-refused': String(said) }).end('{"error":"internal words"}');
      const refused = await call('own');
      const body = await bodyOf(refused);
      expect([refused.status, body.code, body.info]).toEqual([status, String(status), body.error]);
      expect(body.info).toContain(sessionId);
      world.container.answer = (_request, response) => response.writeHead(said).end('mine');
      const own = await call('own');
      expect([own.status, await own.text()]).toEqual([said, 'mine']);
    },
  );

  test.each([
    'HTTP/1.1 000 x\r\ncontent-length: 0',
    'HTTP/1.1 099 x\r\ncontent-length: 0',
    'HTTP/1.1 101 x\r\ncontent-length: 0',
    'HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: x',
    'HTTP/1.1 200 x\r\nx-odd: a\u0001b',
  ])('a worker’s answer that ends no request is a 502: %j', async (head) => {
    world.container.answer = (request) => void request.socket.write(`${head}\r\n\r\n`);
    const answer = await call('own', { body: 'hello' });
    expect([answer.status, (await bodyOf(answer)).info]).toEqual([502, expect.stringContaining(sessionId)]);
  });

  test('the words beside a status stay with the worker', async () => {
    world.container.answer = (request) =>
      void request.socket.end('HTTP/1.1 299 a\u0001b\r\ncontent-length: 4\r\n\r\nbody');
    const answer = await call('own');
    expect([answer.status, await answer.text()]).toEqual([299, 'body']);
  });

  test('an agent that dies while it answers makes no whole answer', async () => {
    world.container.answer = (_request, response) => {
      response.writeHead(200).write('half');
      setImmediate(() => response.socket?.destroy());
    };
    await expect((await call('own')).text()).rejects.toThrow();
  });

  test('a caller that goes away ends the request to the agent', async () => {
    const gone = vi.fn();
    world.container.answer = (_request, response) => {
      response.on('close', gone);
      response.writeHead(200).write('endless');
    };
    const leaving = new AbortController();
    await call('own', { signal: leaving.signal });
    leaving.abort();
    await vi.waitFor(() => expect(gone).toHaveBeenCalled());
  });

  test('a caller that does not read stops the agent from writing, and nothing piles up in between', async () => {
    const chunk = Buffer.alloc(64 * 1024);
    let written = 0;
    world.container.answer = (_request, response) => {
      response.writeHead(200);
      const more = () => {
        while (written < 1000 && !response.destroyed) {
          written++;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    };
    const reader = (await call('own')).body?.getReader();
    let [before, quiet] = [-1, 0];
    await vi.waitFor(
      () => {
        quiet = written === before ? quiet + 1 : 0;
        before = written;
        expect(quiet).toBeGreaterThan(5);
      },
      { interval: 50 },
    );
    // What the connections of the machine hold, of 64 MB.
    expect(written).toBeLessThan(500);
    let bytes = 0;
    for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) bytes += read.value.length;
    expect(bytes).toBe(1000 * chunk.length);
  });

  test('a slash at the end and unusual characters arrive as they were', async () => {
    await call('v1/items;color=red/?q=a%20b&q=?');
    expect(world.seen[0]?.url).toMatch(/\/v1\/items;color=red\/\?q=a%20b&q=\?$/);
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

  test('the head of an answer does not wait for its body', async () => {
    let end = () => {};
    world.container.answer = (_request, response) => {
      response.writeHead(200).flushHeaders();
      end = () => response.end('body');
    };
    const answer = await call('stream');
    end();
    expect(await answer.text()).toBe('body');
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
    // A worker that holds the session no more refuses; the stand-in has no such mind of its own.
    world.container.answer = (_request, response) =>
      response.writeHead(410, { 'x-pipecat-cloud-hop-refused': '410' }).end();
    world.worker.endSession(sessionId, 'completed');
    await vi.waitFor(async () => expect((await call('own')).status).toBe(404), { interval: 20 });
  });

  test('the paths by which the platform talks to a container are closed', async () => {
    for (const path of ['bot', 'readyz', 'x/../bot', '%62ot', 'pcc/capabilities']) {
      expect((await call(path)).status, path).toBe(404);
    }
    expect(world.seen).toEqual([]);
  });

  test.each(['bot#', 'bot#x', 'whatsapp#', 'own?x=#', 'bot%0a', 'x%2f..%2fbot', 'bot%00'])(
    'what an agent’s server could read as another path is refused: %s',
    async (path) => {
      expect(await raw(`POST ${target(path)}`, 'content-length: 0')).toMatch(/^HTTP\/1\.1 400 /);
      expect(world.seen).toEqual([]);
    },
  );

  test('an upgrade with a fragment is refused', async () => {
    expect(await world.upgrade(target('ws#'), { authorization: `Bearer ${world.key}` })).toMatch(/^HTTP\/1\.1 400 /);
    expect(world.sockets).toEqual([]);
  });

  test('a request target with scheme and host is the path in it', async () => {
    expect(await raw(`POST http://any.example${target('own?x=1')}`, 'content-length: 0')).toMatch(/^HTTP\/1\.1 200 /);
    expect(await raw(`POST http://any.example${target('bot')}`, 'content-length: 0')).toMatch(/^HTTP\/1\.1 404 /);
    expect(world.seen.map(({ url }) => url)).toEqual([expect.stringMatching(/^\/instances\/[^/]+\/own\?x=1$/)]);
  });

  test.each(['foo', 'a/b/c', '', 'text/plain;charset', 'multipart/form-data; boundary="'])(
    'a body of the content type %j arrives as it is',
    async (type) => {
      const head = ['content-length: 2', `content-type: ${type}`].join('\r\n');
      expect(await raw(`POST ${target('own')}`, head, 'hi')).toMatch(/^HTTP\/1\.1 200 /);
      expect(world.seen).toMatchObject([{ body: 'hi', headers: { 'content-type': type } }]);
    },
  );

  const target = (path: string) => `/v1/public/bot/sessions/${sessionId}/${path}`;
  /** What the server answers to a request that is written as it stands. */
  async function raw(line: string, head: string, body = ''): Promise<string> {
    const socket = connect(Number(new URL(world.url).port), '127.0.0.1');
    const own = `host: x\r\nconnection: close\r\nauthorization: Bearer ${world.key}`;
    socket.write(`${line} HTTP/1.1\r\n${own}\r\n${head}\r\n\r\n${body}`);
    return await text(socket);
  }
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

test('a caller that leaves while its session is starting leaves nothing behind', async () => {
  world.worker.behaviour.answers = false;
  const starting = world.start({ transport: 'webrtc' });
  const sessionId = await vi.waitFor(() => {
    const [activation] = world.worker.activations();
    expect(activation).toBeDefined();
    return activation?.sessionId ?? '';
  });
  const leaving = new AbortController();
  const arrived = once(world.server.http.server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
  const left = world.send(`bot/sessions/${sessionId}/left`, { method: 'GET', signal: leaving.signal });
  const [, response] = await arrived;
  leaving.abort();
  await expect(left).rejects.toThrow();
  await vi.waitFor(() => expect(response.destroyed).toBe(true));
  const stayed = world.send(`bot/sessions/${sessionId}/stayed`, { method: 'GET' });
  world.worker.behaviour.answers = true;
  world.worker.disconnect();
  await world.worker.connect();
  expect([(await starting).status, (await stayed).status]).toEqual([200, 200]);
  expect(world.seen.map(({ url }) => url)).toEqual([expect.stringMatching(/\/stayed$/)]);
});
