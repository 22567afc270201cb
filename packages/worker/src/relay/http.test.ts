import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { hopHeader, hopRefusedHeader } from '@pipecat-cloud/contract/worker-protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createRelayClient } from '../test-rig/relay-client.js';
import { type Rig, startRig } from '../test-rig/rig.js';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig({ timings: { socketGraceMs: 60_000, relayGraceMs: 60_000 } });
  await rig.ready();
  await rig.makeReady('i-1');
});
afterEach(() => rig.close());

const { hop, url } = createRelayClient(() => rig);
const patience = { timeout: 60_000 };

test('passes path, query, method, headers and body on, with the session of the hop', async () => {
  await rig.activate({ instanceId: 'i-1' });
  rig.agents.of('i-1').custom = async (req, res) => {
    let body = '';
    for await (const chunk of req) body += String(chunk);
    res.writeHead(201, { 'x-answer': 'yes' }).end(JSON.stringify([req.method, req.url, req.headers, body]));
  };
  const answer = await fetch(url('/api/offer%2Fx?a=1&b=%20'), {
    method: 'PATCH',
    body: 'hello',
    headers: { ...hop(), 'x-daily-session-id': 'forged', 'x-own': 'kept' },
  });
  expect([answer.status, answer.headers.get('x-answer')]).toEqual([201, 'yes']);
  const [method, path, headers, body] = (await answer.json()) as [string, string, Record<string, string>, string];
  expect([method, path, body]).toEqual(['PATCH', '/api/offer%2Fx?a=1&b=%20', 'hello']);
  expect(headers).toMatchObject({ 'x-daily-session-id': 's-1', 'x-own': 'kept' });
  expect(headers.host).not.toBe(new URL(rig.dataUrl()).host);
  expect(headers[hopHeader]).toBeUndefined();
});

test('leaves out the headers that end at a hop, both ways', async () => {
  await rig.activate({ instanceId: 'i-1' });
  let seen: IncomingMessage['headers'] = {};
  rig.agents.of('i-1').custom = (req, res) => {
    seen = req.headers;
    res.writeHead(200, {
      connection: 'x-private',
      'x-private': '1',
      'keep-alive': 'timeout=9',
      'set-cookie': ['a', 'b'],
    });
    res.end();
  };
  const headers = { ...hop(), connection: 'close, x-mine', 'x-mine': '1', te: 'trailers' };
  const sent = request(url('/x'), { headers }).end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.resume();
  expect(seen).not.toHaveProperty('x-mine');
  expect(seen).not.toHaveProperty('te');
  expect(answer.headers).not.toHaveProperty('x-private');
  expect(answer.headers['keep-alive']).not.toBe('timeout=9');
  expect(answer.headers['set-cookie']).toEqual(['a', 'b']);
});

test('streams both ways: neither side waits for the end of the other', async () => {
  await rig.activate({ instanceId: 'i-1' });
  rig.agents.of('i-1').custom = (req, res) => {
    res.writeHead(200);
    res.write('begun ');
    req.on('data', (chunk) => res.write(`got ${chunk} `));
    req.on('end', () => res.end('done'));
  };
  const sent = request(url('/stream'), { method: 'POST', headers: hop() });
  sent.write('one');
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  answer.on('data', (chunk) => {
    text += chunk;
  });
  await vi.waitFor(() => expect(text).toBe('begun got one '));
  sent.end('two');
  await vi.waitFor(() => expect(text).toBe('begun got one got two done'));
});

test('the head of an answer does not wait for its body', async () => {
  await rig.activate({ instanceId: 'i-1' });
  let end = () => {};
  rig.agents.of('i-1').custom = (_req, res) => {
    res.writeHead(200).flushHeaders();
    end = () => res.end('body');
  };
  const answer = await fetch(url('/x'), { headers: hop() });
  end();
  expect(await answer.text()).toBe('body');
});

test('ends the request to the instance when the caller goes', async () => {
  await rig.activate({ instanceId: 'i-1' });
  const gone = vi.fn();
  rig.agents.of('i-1').custom = (_req, res) => {
    res.on('close', gone);
    res.writeHead(200).write('endless');
  };
  const sent = request(url('/stream'), { headers: hop() }).end();
  await once(sent, 'response');
  sent.destroy();
  await vi.waitFor(() => expect(gone).toHaveBeenCalled());
});

test('a caller that is answered before it has sent everything can send the rest, and its next request', async () => {
  await rig.activate({ instanceId: 'i-1' });
  rig.agents.of('i-1').custom = (req, res) => res.writeHead(req.method === 'POST' ? 413 : 204).end();
  const { host, hostname, port } = new URL(rig.dataUrl());
  const caller = connect(Number(port), hostname);
  try {
    let received = '';
    caller.on('data', (chunk) => {
      received += chunk;
    });
    const head = `host: ${host}\r\n${hopHeader}: ${hop()[hopHeader]}\r\n`;
    const body = Buffer.alloc(8 * 1024 * 1024);
    caller.write(`POST /instances/i-1/x HTTP/1.1\r\n${head}content-length: ${body.length + 1}\r\n\r\nx`);
    await vi.waitFor(() => expect(received).toMatch(/^HTTP\/1.1 413 /), patience);
    caller.write(body);
    caller.write(`GET /instances/i-1/y HTTP/1.1\r\n${head}\r\n`);
    await vi.waitFor(() => expect(received).toMatch(/HTTP\/1.1 204 /), patience);
  } finally {
    caller.destroy();
  }
});

test('a broken answer does not look like a whole one', async () => {
  await rig.activate({ instanceId: 'i-1' });
  rig.agents.of('i-1').custom = (_req, res) => {
    res.writeHead(200).write('half');
    setImmediate(() => res.socket?.destroy());
  };
  const answer = await fetch(url('/x'), { headers: hop() });
  await expect(answer.text()).rejects.toThrow();
});

test('a connection that the agent closes before answering is a 502', async () => {
  await rig.activate({ instanceId: 'i-1' });
  rig.agents.of('i-1').custom = (req) => req.socket.destroy();
  const answer = await fetch(url('/x'), { method: 'POST', body: 'x', headers: hop() });
  expect([answer.status, await answer.json()]).toEqual([502, { error: expect.any(String), code: '502' }]);
});

test.each([
  'HTTP/1.1 000 x\r\ncontent-length: 0',
  'HTTP/1.1 099 x\r\ncontent-length: 0',
  'HTTP/1.1 101 x\r\ncontent-length: 0',
  'HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: x',
  'HTTP/1.1 1000 x\r\ncontent-length: 0',
  'HTTP/1.1 200 x\r\nx-odd: a\u0001b',
  'HTTP/1.1 200 x\r\ncontent-length: 1\r\ncontent-length: 2',
])('an answer that ends no request is a 502, also while the request goes on: %j', async (head) => {
  await rig.activate({ instanceId: 'i-1' });
  rig.agents.of('i-1').custom = (req) => void req.socket.write(`${head}\r\n\r\n`);
  const sent = request(url('/x'), { method: 'POST', headers: hop() });
  sent.on('error', () => undefined);
  sent.write('begun');
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  sent.end('more');
  expect([answer.statusCode, JSON.parse(await text(answer))]).toEqual([
    502,
    { error: expect.any(String), code: '502' },
  ]);
});

test.each(['a\u0001b', '\u007f', ''])('the words beside a status are nobody’s business: %j', async (words) => {
  await rig.activate({ instanceId: 'i-1' });
  rig.agents.of('i-1').custom = (req) => void req.socket.end(`HTTP/1.1 299 ${words}\r\ncontent-length: 4\r\n\r\nbody`);
  const answer = await fetch(url('/x'), { headers: hop() });
  expect([answer.status, await answer.text()]).toEqual([299, 'body']);
});

test('a refusal of its own is marked, and nothing that an agent answers looks like one', async () => {
  await rig.activate({ instanceId: 'i-1' });
  rig.agents.of('i-1').custom = (_req, res) => res.writeHead(410, { [hopRefusedHeader]: '410' }).end('mine');
  const own = await fetch(url('/x'), { headers: hop() });
  expect([own.status, own.headers.get(hopRefusedHeader), await own.text()]).toEqual([410, null, 'mine']);
  const refused = await fetch(url('/x'), { headers: { [hopHeader]: 'forged' } });
  expect([refused.status, refused.headers.get(hopRefusedHeader)]).toEqual([403, '403']);
});

test('an agent hears of its session from the platform alone', async () => {
  await rig.activate({ instanceId: 'i-1' });
  let seen: IncomingMessage['headers'] = {};
  rig.agents.of('i-1').custom = (req, res) => {
    seen = req.headers;
    res.end();
  };
  const forged = {
    'x-daily-session-id': 'x',
    'x-daily-room-token': 'x',
    'x-pcc-max-session-seconds': '9',
    'x-moq-relay-url': 'x',
  };
  await fetch(url('/x'), { headers: { ...hop(), ...forged } });
  expect(seen['x-daily-session-id']).toBe('s-1');
  expect(Object.keys(seen).filter((name) => /^x-(daily|pcc|moq|pipecat)/.test(name))).toEqual(['x-daily-session-id']);
});

test.each(['/api/offer', '/api/offer?x=1', '/whatsapp'])(
  '%s waits until the agent has taken the bot before it',
  async (path) => {
    const order: string[] = [];
    const agent = rig.agents.of('i-1');
    let alive: () => void = () => undefined;
    agent.custom = (req, res) => {
      order.push(req.url ?? '');
      if (req.url !== '/livez') return void res.end('answer');
      // As a loop that is busy with what came first.
      alive = () => res.end();
    };
    await rig.activate({ instanceId: 'i-1', transport: 'webrtc' });
    const offers = [1, 2].map(() => fetch(url(path), { method: 'POST', body: '{}', headers: hop() }));
    await vi.waitFor(() => expect(order).toEqual(['/livez']));
    expect(await (await fetch(url('/own'), { headers: hop() })).text()).toBe('answer');
    expect(order).toEqual(['/livez', '/own']);
    alive();
    for (const offer of offers) expect(await (await offer).text()).toBe('answer');
    // Asked once in a session.
    await fetch(url(path), { method: 'PATCH', body: '{}', headers: hop() });
    expect(order.filter((each) => each === '/livez')).toHaveLength(1);
  },
);
