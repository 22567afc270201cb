import { once } from 'node:events';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { bodyOf, type GatewayWorld, openGatewayWorld, type SeenSocket } from '../testing/gateway-world.js';

let world: GatewayWorld;
beforeEach(async () => {
  world = await openGatewayWorld();
});
afterEach(() => world.close());

/** Since Node.js 24.9 a server is asked which upgrades it makes. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const ignoresUpgrades = major > 24 || (major === 24 && minor >= 9);

const patience = { timeout: 60_000 };
const newToken = async () => (await bodyOf(await world.start({ transport: 'websocket' }))).token ?? '';
const socketAt = (index = 0) =>
  vi.waitFor(() => world.sockets[index] ?? expect.fail('no socket yet')) as Promise<SeenSocket>;
/** That the worker was told that nobody comes to its newest session. */
const abandoned = () =>
  vi.waitFor(() => {
    const told = world.worker.commands.flatMap((command) => (command.do === 'abandon' ? [command.sessionId] : []));
    expect(told).toContain(world.worker.activations().at(-1)?.sessionId);
  });
const closing = async (socket: WebSocket) => {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  return `${code} ${reason}`;
};

/** What Twilio sends first, in its own order. */
const connected = JSON.stringify({ event: 'connected', protocol: 'Call', version: '1.0.0' });
const startOf = (customParameters: Record<string, string>) =>
  JSON.stringify({
    event: 'start',
    sequenceNumber: '1',
    start: { streamSid: 'MZ1', callSid: 'CA1', accountSid: 'AC1', customParameters },
    streamSid: 'MZ1',
  });

/** A text message as a client sends it, with a mask of zeros (RFC 6455 §5.2). */
const frameOf = (text: string) =>
  Buffer.concat([Buffer.from([0x81, 0xfe, text.length >> 8, text.length & 255, 0, 0, 0, 0]), Buffer.from(text)]);

describe('a socket whose agent stands in its address', () => {
  test.each([
    ['in the header', '/ws/generic/bot.ours', true],
    ['in the query', '/ws/generic?serviceHost=bot.ours&token=TOKEN', false],
    ['at the end of the path', '/ws/generic/bot.ours/TOKEN', false],
    ['of Telnyx', '/ws/telnyx?serviceHost=bot.ours&token=TOKEN', false],
    ['of Plivo', '/ws/plivo?serviceHost=bot.ours&token=TOKEN', false],
    ['of Exotel', '/ws/exotel/TOKEN?serviceHost=bot.ours', false],
  ])('opens with its token %s, once', async (_where, path, inHeader) => {
    const started = await bodyOf(await world.start({ transport: 'websocket' }));
    const token = started.token ?? '';
    const headers: Record<string, string> = inHeader ? { authorization: `Bearer ${token}` } : {};
    const dial = () =>
      world.dial(path.replace('TOKEN', token), { ...headers, 'x-daily-session-id': 'forged', 'x-own': '1' });
    const client = await dial();
    const agent = await socketAt();
    expect(agent.url).toMatch(/^\/instances\/[^/]+\/ws$/);
    expect(agent.headers).toMatchObject({ 'x-own': '1' });
    for (const name of ['authorization', 'x-daily-session-id']) expect(agent.headers).not.toHaveProperty(name);
    // The id that the caller was told is that of the session.
    expect(world.worker.activations()).toMatchObject([{ sessionId: started.sessionId, entry: 'socket' }]);
    client.send('text');
    client.send(Buffer.from([0, 255]));
    await vi.waitFor(() => expect(agent.messages).toEqual(['text', Buffer.from([0, 255])]));
    const heard = once(client, 'message');
    agent.socket.send('back');
    expect(String((await heard)[0])).toBe('back');
    await expect(dial()).rejects.toThrow('403');
    expect(world.worker.activations()).toHaveLength(1);
    const closed = closing(client);
    agent.socket.close(4321, 'enough');
    expect(await closed).toBe('4321 enough');
  });

  test('nothing starts without a token, and what is not there looks the same', async () => {
    const of = (path: string) => world.dial(path).catch((error: Error) => error.message);
    const refusals = await Promise.all([
      of('/ws/generic/bot.ours'),
      of('/ws/generic/bot.ours?token=guess'),
      of('/ws/generic/nobody.ours'),
      of('/ws/generic/bot.nobody'),
      of('/ws/telnyx?serviceHost=bot.ours'),
    ]);
    expect(new Set(refusals).size).toBe(1);
    expect(refusals[0]).toMatch(/^403 .*"info":"No such agent/);
    expect(world.worker.activations()).toEqual([]);
  });

  test('a token is for its own agent', async () => {
    await world.deploy('other', 'token');
    const token = await newToken();
    await expect(world.dial(`/ws/generic/other.ours/${token}`)).rejects.toThrow('403');
    await world.dial(`/ws/generic/bot.ours/${token}`);
  });

  test('a full agent is 429 before the upgrade, and the token is good for another try', async () => {
    const token = await newToken();
    const sessions = await Promise.all([world.start({}), world.start({})]);
    await expect(world.dial(`/ws/generic/bot.ours/${token}`)).rejects.toThrow('429');
    const { sessionId } = await bodyOf(sessions[0] as Response);
    world.worker.endSession(sessionId ?? '', 'completed');
    await vi.waitFor(() => world.dial(`/ws/generic/bot.ours/${token}`), { interval: 50 });
  });

  test.each([
    [429, async () => void (await Promise.all([world.start({}), world.start({})]))],
    [
      503,
      async () => {
        world.worker.disconnect();
        await vi.waitFor(() => expect(world.server.workers.here()).toEqual([]));
        // Nobody waits for a worker that has been away for so long.
        world.runsOn(60_000);
      },
    ],
  ])('a refusal with %i says when to try again, as that of a start does', async (status, refuseAll) => {
    const token = await newToken();
    await refuseAll();
    const started = await vi.waitFor(async () => {
      const answer = await world.start({});
      expect(answer.status).toBe(status);
      return answer;
    });
    const seconds = started.headers.get('retry-after');
    expect(seconds).toMatch(/^[1-9]\d*$/);
    const head = await world.upgrade(`/ws/generic/bot.ours/${token}`, {});
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} .*\\r\\n(.*\\r\\n)*retry-after: ${seconds}\\r\\n`));
  });

  test('a token whose session has failed is used up: its caller is told so and not to try again, and a new one is as good as any', async () => {
    world.worker.behaviour.starts = 'delayed';
    // It takes the warm instance.
    expect((await world.start({})).status).toBe(200);
    const { token, sessionId } = await bodyOf(await world.start({ transport: 'websocket' }));
    const refused = vi.fn<(answer: string) => void>();
    void world.upgrade(`/ws/generic/bot.ours/${token}`, {}).then(refused);
    await vi.waitFor(() => {
      world.runsOn(13_000);
      expect(refused).toHaveBeenCalled();
    });
    const [[answer] = ['']] = refused.mock.calls;
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    for (const said of ['PCC-ENGINE-AWAY', 'Its token is used up: /start gives a new one'])
      expect(answer).toContain(said);
    expect(answer).not.toMatch(/retry-after/i);
    const failed = `/v1/organizations/ours/services/bot/sessions/${sessionId}`;
    expect((await world.server.call(world.token, 'GET', failed)).body.endReason).toBe('start_failed');
    await expect(world.dial(`/ws/generic/bot.ours/${token}`)).rejects.toThrow('403');
    for (const [id, { delayed, ...made }] of world.worker.instances)
      if (delayed) world.worker.instances.set(id, { ...made, state: 'ready' });
    world.worker.observe();
    await world.dial(`/ws/generic/bot.ours/${await newToken()}`);
  });

  test('a caller who left while an instance was claimed leaves it free', async () => {
    const token = await newToken();
    world.worker.behaviour.answers = false;
    const leaving = world.dial(`/ws/generic/bot.ours/${token}`);
    leaving.catch(() => undefined);
    await vi.waitFor(() => expect(world.worker.activations()).toHaveLength(1));
    world.leave();
    await leaving.catch(() => undefined);
    world.worker.behaviour.answers = true;
    world.worker.disconnect();
    await world.worker.connect();
    await abandoned();
    expect(world.sockets).toEqual([]);
  });

  test('an instance that refuses the socket is heard, one that is away is 503 and set free', async () => {
    world.container.refusesSockets = 418;
    await expect(world.dial(`/ws/generic/bot.ours/${await newToken()}`)).rejects.toThrow('418');
    const token = await newToken();
    world.silence();
    await expect(world.dial(`/ws/generic/bot.ours/${token}`)).rejects.toThrow('503');
    await abandoned();
  });
});

describe('an upgrade that the agent answers', () => {
  const smuggled = 'POST /bot HTTP/1.1\r\nhost: agent\r\nx-daily-session-id: another\r\ncontent-length: 2\r\n\r\n{}';
  /** What the agent gets on the connection of the next upgrade, which it answers by these words. */
  function answersWith(words: string): { got: string; socket: Duplex | undefined } {
    const seen = { got: '', socket: undefined as Duplex | undefined };
    world.container.upgrades = (socket) => {
      seen.socket = socket;
      socket.on('data', (chunk) => {
        seen.got += String(chunk);
      });
      socket.on('end', () => socket.end()).on('error', () => undefined);
      socket.write(words);
    };
    return seen;
  }
  const forTheOrigin = [
    'Set-Cookie: __Host-session=forged; Path=/; Secure',
    'Clear-Site-Data: "*"',
    'Access-Control-Allow-Origin: *',
    'Strict-Transport-Security: max-age=0',
  ].join('\r\n');

  async function pathOf(kind: string): Promise<[string, Record<string, string>]> {
    if (kind === 'new') return [`/ws/generic/bot.ours/${await newToken()}`, {}];
    const { sessionId } = await bodyOf(await world.start({}));
    return [`/v1/public/bot/sessions/${sessionId}/hello`, { authorization: `Bearer ${world.key}` }];
  }

  test.each([
    ['with its length', 'Content-Length: 2\r\n\r\nno', 'no'],
    ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n', '2\r\nno\r\n0\r\n\r\n'],
  ])(
    'otherwise, %s, and keeps open: the answer is whole and the last, and nothing else reaches it',
    async (_how, sent, body) => {
      for (const kind of ['new', 'beside']) {
        const agent = answersWith(`HTTP/1.1 404 Not Found\r\n${forTheOrigin}\r\nX-Own: 1\r\n${sent}`);
        const client = world.upgradeRaw(...(await pathOf(kind)), smuggled);
        client.once('data', () => client.write(smuggled));
        let answer = '';
        for await (const chunk of client) answer += String(chunk);
        const [head = '', ...rest] = answer.split('\r\n\r\n');
        expect(head).toMatch(/^HTTP\/1.1 404 Not Found\r\n/);
        expect(head).toMatch(/\r\nX-Own: 1(\r\n|$)/);
        expect(head).toMatch(/\r\nconnection: close(\r\n|$)/);
        expect(head).toMatch(/\r\ncache-control: no-store(\r\n|$)/);
        expect(head).not.toMatch(/cookie|clear-site|access-control|strict-transport/i);
        expect(rest.join('\r\n\r\n')).toBe(body);
        await vi.waitFor(() => expect(agent.socket?.destroyed).toBe(true), patience);
        expect(agent.got).toBe('');
      }
    },
  );

  test('otherwise and at length is passed on as fast as the caller reads', async () => {
    const length = 8 * 1024 * 1024;
    const agent = answersWith(`HTTP/1.1 404 Not Found\r\nContent-Length: ${length}\r\n\r\n`);
    const client = world.upgradeRaw(...(await pathOf('beside')));
    await vi.waitFor(() => expect(agent.socket).toBeDefined());
    agent.socket?.write(Buffer.alloc(length, 'x'));
    let received = 0;
    for await (const chunk of client) received += (chunk as Buffer).length;
    expect(received).toBeGreaterThan(length);
  });

  test('otherwise and without an end is over for the agent once its caller has left', async () => {
    const agent = answersWith('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n');
    const keptAlive = vi.spyOn(Socket.prototype, 'setKeepAlive');
    const client = world.upgradeRaw(...(await pathOf('beside')));
    await once(client, 'data');
    expect((keptAlive.mock.contexts as Socket[]).map(({ remotePort }) => remotePort)).toContain(client.localPort);
    client.resume().end();
    await vi.waitFor(() => expect(agent.socket?.destroyed).toBe(true), patience);
  });

  test('in something that is no HTTP is 502', async () => {
    answersWith('SSH-2.0-OpenSSH_9.9\r\n\r\n');
    expect(await world.upgrade(...(await pathOf('beside')))).toMatch(/^HTTP\/1.1 502 /);
  });

  test('with 101 says nothing else, and only then gets what its caller has said meanwhile', async () => {
    for (const kind of ['new', 'beside']) {
      const agent = answersWith('');
      const client = world.upgradeRaw(...(await pathOf(kind)), 'said early, ');
      let answer = '';
      client.on('data', (chunk) => {
        answer += String(chunk);
      });
      await vi.waitFor(() => expect(agent.socket).toBeDefined());
      await new Promise((resolve) => client.write('said too', resolve));
      // A whole turn of another connection through the same processes.
      await world.start({}, 'nobody');
      expect(agent.got).toBe('');
      const head = `HTTP/1.1 101 Fine\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: abc\r\n${forTheOrigin}`;
      agent.socket?.write(`${head}\r\nX-Own: 1\r\nSec-WebSocket-Protocol: own\r\n\r\nheard`);
      await vi.waitFor(() => expect(agent.got).toBe('said early, said too'));
      await vi.waitFor(() => expect(answer).toContain('heard'));
      const passed = [
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Accept: abc',
        'Sec-WebSocket-Protocol: own',
      ];
      expect(answer).toBe(['HTTP/1.1 101 Switching Protocols', ...passed, '', 'heard'].join('\r\n'));
    }
  });
});

test('both connections of a socket are probed while nothing is said: a machine that vanishes does not say so', async () => {
  const keptAlive = vi.spyOn(Socket.prototype, 'setKeepAlive');
  await world.dial(`/ws/generic/bot.ours/${await newToken()}`);
  const atWorker = Number(new URL(world.dataUrl).port);
  const atCaller = Number(new URL(world.url).port);
  await vi.waitFor(() => {
    const probed = keptAlive.mock.contexts as Socket[];
    expect(probed.map(({ remotePort }) => remotePort)).toContain(atWorker);
    expect(probed.map(({ localPort }) => localPort)).toContain(atCaller);
  });
});

describe('an upgrade', () => {
  const everywhere = [
    '/ws/generic/bot.ours',
    '/ws/twilio',
    '/v1/public/bot/sessions/x/hello',
    '/v1/workers/channel',
    '/',
  ];

  // As `curl --http2` and Java's client ask.
  test.runIf(ignoresUpgrades)('to another protocol is ignored, and the request answered', async () => {
    const { sessionId } = await bodyOf(await world.start({}));
    const headers = {
      authorization: `Bearer ${world.key}`,
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AAMAAABk',
      'content-length': '2',
    };
    const next = 'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n';
    const client = world.upgradeRaw(`/v1/public/bot/sessions/${sessionId}/own`, headers, `hi${next}`, 'POST');
    let answer = '';
    for await (const chunk of client) answer += String(chunk);
    expect(answer.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200']);
    expect(answer).toMatch(/\r\nconnection: close\r\n/i);
    expect(world.seen).toMatchObject([{ method: 'POST', body: 'hi' }]);
    expect(world.seen[0]?.headers).not.toHaveProperty('http2-settings');
    expect(world.sockets).toEqual([]);
  });

  test('to a WebSocket among others, or not with GET, is 400 everywhere', async () => {
    for (const path of everywhere) {
      expect(await world.upgrade(path, { upgrade: 'websocket, foo' })).toMatch(/^HTTP\/1.1 400 /);
      let answer = '';
      for await (const chunk of world.upgradeRaw(path, {}, '', 'POST')) answer += String(chunk);
      expect(answer).toMatch(/^HTTP\/1.1 400 /);
    }
    expect(await world.upgrade(`/ws/generic/bot.ours/${await newToken()}`, { upgrade: 'WebSocket' })).toMatch(/ 101 /);
  });

  test('that is refused is closed by the server, though its caller stays', async () => {
    const refused = everywhere.map((path) => world.upgradeRaw(path, { 'sec-websocket-version': '8' }, 'x'));
    await Promise.all(refused.map((client) => once(client.resume(), 'end')));
    await vi.waitFor(() => {
      for (const client of refused) client.write('x');
      expect(refused.map((client) => client.destroyed)).not.toContain(false);
    }, patience);
  });
});

describe('a call of Twilio', () => {
  beforeEach(() => world.deploy('open', 'none'));
  const host = { _pipecatCloudServiceHost: 'open.ours' };

  test('is held until its start message says which agent, which then hears everything from the beginning', async () => {
    const client = await world.dial('/ws/twilio');
    client.send(connected);
    client.ping();
    client.send(startOf({ ...host, caller: 'änn' }));
    client.send(JSON.stringify({ event: 'media', sequenceNumber: '2' }));
    const agent = await socketAt();
    const third = JSON.stringify({ event: 'media', sequenceNumber: '3' });
    client.send(third);
    await vi.waitFor(() => expect(agent.messages).toHaveLength(4));
    expect(agent.messages).toEqual([
      connected,
      startOf({ ...host, caller: 'änn' }),
      JSON.stringify({ event: 'media', sequenceNumber: '2' }),
      third,
    ]);
    const heard = once(client, 'message');
    agent.socket.send('media back');
    expect(String((await heard)[0])).toBe('media back');
    const closed = once(agent.socket, 'close');
    client.close(1000, 'hung up');
    expect(String((await closed)[1])).toBe('hung up');
  });

  test('is heard too where the start message is cut into pieces', async () => {
    const client = await world.dial('/ws/twilio');
    const start = startOf(host);
    client.send(connected);
    client.send(start.slice(0, 20), { fin: false });
    client.send(start.slice(20), { fin: true });
    await vi.waitFor(async () => expect((await socketAt()).messages).toEqual([connected, start]));
  });

  test.each([
    ['4403 No such agent', startOf({ _pipecatCloudServiceHost: 'nobody.ours' })],
    ['4403 No such agent', startOf({ _pipecatCloudServiceHost: 'bot.ours' })],
    ['4400 The parameter _pipecatCloudServiceHost is missing', startOf({})],
    ["4400 'bot' does not name an agent", startOf({ _pipecatCloudServiceHost: 'bot' })],
    ['4400 The messages are no JSON', 'hello'],
    ['4400 The first messages have no start', JSON.stringify({ event: 'media' })],
    ['1009 Too much', JSON.stringify({ event: 'media', payload: 'x'.repeat(70_000) })],
  ])('is closed with a reason: %s', async (reason, message) => {
    const client = await world.dial('/ws/twilio');
    const closed = closing(client);
    client.send(connected);
    // Also where one alone would not do.
    for (let n = 0; n < 20; n++) client.send(message, () => undefined);
    expect(await closed).toMatch(reason);
    expect(world.worker.activations()).toEqual([]);
  });

  test('takes the token of an agent that asks for one as a parameter', async () => {
    const parameters = { _pipecatCloudServiceHost: 'bot.ours', _pipecatCloudToken: await newToken() };
    const client = await world.dial('/ws/twilio');
    client.send(startOf(parameters));
    await socketAt();
    const again = await world.dial('/ws/twilio');
    const closed = closing(again);
    again.send(startOf(parameters));
    expect(await closed).toMatch('4403');
  });

  test('that is hung up while an instance is claimed leaves it free', async () => {
    world.worker.behaviour.answers = false;
    const client = world.upgradeRaw('/ws/twilio', {});
    await once(client, 'data');
    for (const message of [connected, startOf(host)]) client.write(frameOf(message));
    await vi.waitFor(() => expect(world.worker.activations()).toHaveLength(1));
    // Speech goes on coming until the end.
    for (let n = 0; n < 50; n++) client.write(frameOf(JSON.stringify({ event: 'media', payload: 'x'.repeat(214) })));
    client.end();
    await once(client, 'close');
    world.worker.behaviour.answers = true;
    world.worker.disconnect();
    await world.worker.connect();
    await abandoned();
    expect(world.sockets).toEqual([]);
  });

  test('that says too much while an instance is claimed is closed, and leaves it free', async () => {
    world.worker.behaviour.answers = false;
    const client = await world.dial('/ws/twilio');
    client.send(startOf(host));
    await vi.waitFor(() => expect(world.worker.activations()).toHaveLength(1));
    const closed = closing(client);
    for (let n = 0; n < 6; n++) client.send('x'.repeat(1024 * 1024), () => undefined);
    expect(await closed).toBe('1009 Too much was sent before the agent was there');
    world.worker.behaviour.answers = true;
    world.worker.disconnect();
    await world.worker.connect();
    await abandoned();
    expect(world.sockets).toEqual([]);
  });

  test('is told that the agent is full', async () => {
    await world.start({}, 'open');
    await world.start({}, 'open');
    const client = await world.dial('/ws/twilio');
    const closed = closing(client);
    client.send(startOf(host));
    expect(await closed).toMatch("4429 Agent 'open' is at capacity");
  });

  test('is told that the agent refused it', async () => {
    world.container.refusesSockets = 409;
    const client = await world.dial('/ws/twilio');
    const closed = closing(client);
    client.send(startOf(host));
    expect(await closed).toMatch('4502 The agent answered the socket with 409');
  });

  test('where it is no WebSocket handshake is 400', async () => {
    const answer = await world.upgrade('/ws/twilio', { 'sec-websocket-version': '8' });
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
  });
});

test('a socket beside a session is opened with the public key, at paths that are for callers', async () => {
  const { sessionId } = await bodyOf(await world.start({}));
  const path = `/v1/public/bot/sessions/${sessionId}`;
  const authorization = { authorization: `Bearer ${world.key}` };
  const client = await world.dial(`${path}/own/socket?a=1`, authorization);
  const agent = await socketAt();
  expect(agent.url).toMatch(/\/own\/socket\?a=1$/);
  expect(agent.headers).not.toHaveProperty('authorization');
  client.send('hello');
  await vi.waitFor(() => expect(agent.messages).toEqual(['hello']));
  await expect(world.dial(`${path}/own/socket`)).rejects.toThrow('401');
  await expect(world.dial(`${path}/ws`, authorization)).rejects.toThrow('404');
  await expect(world.dial(`${path}/x/%2e%2e/ws`, authorization)).rejects.toThrow('404');
  await expect(world.dial(`/v1/public/bot/sessions/${crypto.randomUUID()}/own`, authorization)).rejects.toThrow('404');
});
