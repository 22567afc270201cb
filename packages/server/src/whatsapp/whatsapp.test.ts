import { createHmac } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { hopRefusedHeader } from '@pipecat-cloud/contract/worker-protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { bodyOf, type GatewayWorld, openGatewayWorld } from '../testing/gateway-world.js';

let world: GatewayWorld;
beforeEach(async () => {
  world = await openGatewayWorld();
  await putSecret('phone', 'WHATSAPP_APP_SECRET', 'app-secret');
  await world.server.call(world.token, 'DELETE', '/v1/organizations/ours/services/bot');
  await world.deploy('bot', 'token', { secretSet: 'phone' });
});
afterEach(() => world.close());

const putSecret = (set: string, secretKey: string, secretValue: string) =>
  world.server.call(world.token, 'PUT', `/v1/organizations/ours/secrets/${set}`, {
    ...{ isKeyValue: true, secretKey, secretValue, region: 'us-west' },
  });
const messageOf = (event: string, id = 'wacid.1') =>
  JSON.stringify(
    {
      object: 'whatsapp_business_account',
      entry: [
        { id: '1', changes: [{ field: 'calls', value: { calls: [{ id, event, session: { sdp: 'v=0\r\n' } }] } }] },
      ],
    },
    // Spaces and order are the sender's: what is signed is bytes.
    undefined,
    1,
  );
const signatureOf = (body: string, secret: string) => ({
  'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
});
const webhook = (body: string, headers: Record<string, string> = signatureOf(body, 'app-secret'), path = 'ours/bot') =>
  fetch(`${world.url}/v1/public/webhooks/${path}/whatsapp`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
test('a call begins a session, and both messages about it reach that session as they were signed', async () => {
  world.container.answer = (_request, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"success" }');
  const connect = messageOf('connect');
  const answer = await webhook(connect);
  expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
    200,
    expect.stringContaining('application/json'),
    '{"status":"success" }',
  ]);
  const [activation] = world.worker.activations();
  expect(activation).toMatchObject({ transport: 'webrtc', body: {}, entry: 'bot' });
  const [first] = world.seen;
  expect([first?.method, first?.body, first?.headers]).toMatchObject([
    'POST',
    connect,
    signatureOf(connect, 'app-secret'),
  ]);
  expect(first?.url).toBe(`/instances/${activation?.instanceId}/whatsapp`);
  expect(first?.headers).not.toHaveProperty('x-forwarded-for');

  // Told again: the same session, no other.
  expect((await webhook(connect)).status).toBe(200);
  expect(world.worker.activations()).toHaveLength(1);

  const terminate = messageOf('terminate');
  expect((await webhook(terminate)).status).toBe(200);
  expect(world.seen.at(-1)).toMatchObject({ body: terminate });
  // Forgotten.
  expect((await webhook(terminate)).status).toBe(404);
  expect((await webhook(messageOf('terminate', 'wacid.2'))).status).toBe(404);
});

test('a call’s end that did not reach the agent is passed on when it is told again', async () => {
  expect((await webhook(messageOf('connect'))).status).toBe(200);
  const terminate = messageOf('terminate');
  const failures: [number, RequestListener][] = [
    [503, (_request, response) => response.writeHead(503, { [hopRefusedHeader]: '503' }).end()],
    [502, (request) => void request.socket.destroy()],
    [500, (_request, response) => response.writeHead(500).end()],
  ];
  for (const [status, answer] of failures) {
    world.container.answer = answer;
    expect((await webhook(terminate)).status).toBe(status);
  }
  world.container.answer = (_request, response) => response.end('{}');
  expect((await webhook(terminate)).status).toBe(200);
  const told = world.seen.length;
  expect((await webhook(terminate)).status).toBe(404);
  expect(world.seen).toHaveLength(told);
});

test('a call whose session is over is forgotten', async () => {
  expect((await webhook(messageOf('connect'))).status).toBe(200);
  world.container.answer = (_request, response) => response.writeHead(410, { [hopRefusedHeader]: '410' }).end();
  const [first, second] = [await webhook(messageOf('terminate')), await webhook(messageOf('terminate'))];
  expect([(await bodyOf(first)).error, (await bodyOf(second)).error]).toEqual([
    expect.stringContaining('Running session'),
    expect.stringContaining('Call'),
  ]);
  expect(await world.database('SELECT * FROM whatsapp_call')).toEqual([]);
});

test('a call that two messages tell of at the same time is one session', async () => {
  const answers = await Promise.all([webhook(messageOf('connect')), webhook(messageOf('connect'))]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(world.worker.activations()).toHaveLength(1);
});

test.each([
  ['no JSON', 'hello'],
  ['another object', '{"object":"page","entry":[]}'],
  ['no call', '{"object":"whatsapp_business_account","entry":[{"changes":[{"value":{"messages":[]}}]}]}'],
  ['another event', messageOf('ringing')],
  ['a call without an id', messageOf('connect', '')],
  ['odd shapes', '{"object":"whatsapp_business_account","entry":[null,{"changes":[3,{"value":[]}]}]}'],
])('%s is 400', async (_what, body) => {
  const answer = await webhook(body);
  expect([answer.status, (await bodyOf(answer)).code]).toEqual([400, 'GENERIC_BAD_REQUEST']);
  expect(world.worker.activations()).toEqual([]);
});

test('an agent that refuses the call, or does not answer, ends the session that was begun for it', async () => {
  world.container.answer = (_request, response) =>
    response.writeHead(404, { 'content-type': 'text/plain' }).end('no extra');
  const refused = await webhook(messageOf('connect'));
  expect([refused.status, await refused.text()]).toEqual([404, 'no extra']);
  const stops = () => world.worker.commands.filter((command) => command.do === 'stop');
  expect(stops()).toHaveLength(1);
  expect((await webhook(messageOf('terminate'))).status).toBe(404);

  world.container.answer = (request) => void request.socket.destroy();
  const silent = await webhook(messageOf('connect', 'wacid.2'));
  expect([silent.status, (await bodyOf(silent)).code]).toEqual([502, '502']);
  expect(stops()).toHaveLength(2);
});

test.each(['HTTP/1.1 000 x\r\ncontent-length: 0', 'HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: x'])(
  'an answer that ends no request is none: %j',
  async (head) => {
    world.container.answer = (request) => void request.socket.write(`${head}\r\n\r\n`);
    const answer = await webhook(messageOf('connect'));
    expect([answer.status, (await bodyOf(answer)).code]).toEqual([502, '502']);
  },
);

test('a call that finds the agent full is forgotten, so that it can be told again', async () => {
  const sessions = await Promise.all([world.start({}), world.start({})]);
  expect((await webhook(messageOf('connect'))).status).toBe(429);
  const { sessionId = '' } = await bodyOf(sessions[0] as Response);
  world.worker.endSession(sessionId, 'completed');
  await vi.waitFor(async () => expect((await webhook(messageOf('connect'))).status).toBe(200), {
    interval: 50,
  });
});

test('a forgery starts nothing, and strangers can tell nothing', async () => {
  await putSecret('other', 'KEY', 'value');
  await world.deploy('keyless', 'token', { secretSet: 'other' });
  await world.deploy('bare', 'token');
  const body = messageOf('connect');
  const signed = signatureOf(body, 'app-secret');
  const refused = await Promise.all([
    webhook(body, {}),
    webhook(body, signatureOf(`${body} `, 'app-secret')),
    webhook(body, signatureOf(body, 'another')),
    webhook(body, signatureOf(body, ''), 'ours/keyless'),
    webhook(body, signed, 'ours/keyless'),
    webhook(body, signed, 'ours/bare'),
    webhook(body, signed, 'ours/nobody'),
    webhook(body, signed, 'nobody/bot'),
  ]);
  expect(refused.map(({ status }) => status)).toEqual(Array(8).fill(403));
  expect(new Set(await Promise.all(refused.map(async (each) => (await bodyOf(each)).info))).size).toBe(1);
  expect(world.worker.activations()).toEqual([]);
  expect((await webhook(body)).status).toBe(200);
});

test('where the secret lies with the worker the agent decides, and an address whose calls it refuses is stopped', async () => {
  await world.database("UPDATE secret_set SET source = 'referenced' WHERE name = 'phone'");
  const forged = { 'x-hub-signature-256': `sha256=${'a'.repeat(64)}` };
  const call = (id: number, headers = forged) => webhook(messageOf('connect', `wacid.${id}`), headers);
  for (const headers of [{}, { 'x-hub-signature-256': 'sha256=ab' }]) {
    expect((await webhook(messageOf('connect'), headers)).status).toBe(403);
  }
  expect(world.worker.activations()).toEqual([]);
  expect((await call(0)).status).toBe(200);
  world.container.answer = (_request, response) => response.writeHead(400).end();
  const answers: number[] = [];
  for (let id = 1; id <= 100 && answers.at(-1) !== 429; id++) answers.push((await call(id)).status);
  expect(answers.at(-1)).toBe(429);
  expect(new Set(answers)).toEqual(new Set([400, 429]));
});

test('Meta proves the address with a public key of that organization as its token', async () => {
  const verify = (token: string, query = 'hub.mode=subscribe&hub.challenge=1158201444', path = 'ours/bot') =>
    fetch(`${world.url}/v1/public/webhooks/${path}/whatsapp?${query}&hub.verify_token=${encodeURIComponent(token)}`);
  const good = await verify(world.key);
  expect([good.status, await good.json()]).toEqual([200, 1158201444]);
  const long = await verify(world.key, 'hub.mode=subscribe&hub.challenge=12345678901234567890');
  expect(await long.text()).toBe('12345678901234567890');
  const theirs = await (await world.server.organization('theirs')).member('admin');
  const foreign = await world.publicKey('theirs', theirs.token);
  for (const token of ['', 'pk_guess', foreign, world.token]) expect((await verify(token)).status, token).toBe(403);
  expect((await verify(world.key, undefined, 'ours/nobody')).status).toBe(403);
  expect((await verify(world.key, 'hub.mode=subscribe&hub.challenge=%3Cscript%3E')).status).toBe(400);
  expect((await verify(world.key, 'hub.mode=unsubscribe&hub.challenge=1')).status).toBe(400);
});
