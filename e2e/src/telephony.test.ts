import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { copyAgent, sessionEnds } from './support/agents.js';
import { call } from './support/api.js';
import { type Cli, createCli } from './support/cli.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { dial } from './support/conversation.js';
import { type DailyStandIn, startDailyStandIn } from './support/daily.js';
import { cleanUp, temporaryFolder } from './support/paths.js';
import { freePort } from './support/ports.js';
import { until } from './support/wait.js';

// Calls of every provider, through real processes, to an agent that finds out who is calling as the framework does.

const dialinSecret = Buffer.alloc(32, 5).toString('base64');
const appSecret = 'the secret of the app';
let daily: DailyStandIn;
let cloud: Cloud;
let cli: Cli;
let key: string;
beforeAll(async () => {
  daily = await startDailyStandIn();
  cloud = await startCloud({
    port: await freePort(),
    env: {
      PIPECAT_CLOUD_DAILY_API_URL: daily.apiUrl,
      PIPECAT_CLOUD_ICE_SERVERS: 'stun:stun.example:3478,turn:turn.example:3478',
      PIPECAT_CLOUD_TURN_SECRET: 'shared-with-coturn',
    },
  });
  cli = createCli({ token: cloud.token(), port: cloud.port });
  await cli.ok(['secrets', 'set', 'phone', '--stdin', 'WHATSAPP_APP_SECRET'], { input: appSecret });
  await cli.ok(['deploy', '--yes', '--secrets', 'phone'], { cwd: copyAgent('e2e/agents/phone') });
  key = (await cloud.client(cloud.token()).createApiKey('my-team', { name: 'k', type: 'public' })).key;
});
afterAll(async () => {
  daily.close();
  await cleanUp();
});

const wsUrl = () => cloud.url.replace('http', 'ws');
const start = (body: object) => call(cloud.url, 'POST', '/v1/public/phone/start', { token: key, body });
const ofSession = (id: string, path: string) =>
  call(cloud.url, 'GET', `/v1/public/phone/sessions/${id}/${path}`, { token: key });
const stop = (id: string) => cli.ok(['agent', 'stop', 'phone', '--session-id', id, '--force']);

/** Keeps what comes from the first message on. */
function listen(socket: WebSocket) {
  const messages: string[] = [];
  socket.on('message', (data) => messages.push(String(data)));
  return { at: (index: number) => until(`message ${index} comes`, () => messages[index]) };
}

describe('a call of', () => {
  const plain = { event: 'connected', protocol: 'Call', version: '1.0.0' };
  const body = Buffer.from('{"caller":"änn"}').toString('base64');

  test.each([
    [
      'twilio',
      '/ws/twilio',
      [
        plain,
        {
          event: 'start',
          streamSid: 'MZ1',
          start: {
            streamSid: 'MZ1',
            callSid: 'CA1',
            customParameters: { _pipecatCloudServiceHost: 'phone.my-team', caller: 'ann' },
          },
        },
      ],
      { call: 'CA1', parameters: { _pipecatCloudServiceHost: 'phone.my-team', caller: 'ann' }, body: {} },
    ],
    [
      'telnyx',
      `/ws/telnyx?serviceHost=phone.my-team&body=${body}`,
      [
        plain,
        { event: 'start', stream_id: 's', start: { call_control_id: 'v3:1', media_format: { encoding: 'PCMU' } } },
      ],
      { call: 'v3:1', parameters: { encoding: 'PCMU' }, body: { caller: 'änn' } },
    ],
    [
      'plivo',
      '/ws/plivo?serviceHost=phone.my-team',
      [{ event: 'start', start: { streamId: 's', callId: 'p1' } }, { event: 'media' }],
      { call: 'p1', parameters: null, body: {} },
    ],
    [
      'exotel',
      '/ws/exotel?serviceHost=phone.my-team',
      [plain, { event: 'start', start: { stream_sid: 's', call_sid: 'e1', custom_parameters: { a: '1' } } }],
      { call: 'e1', parameters: { a: '1' }, body: {} },
    ],
  ])('%s reaches the agent, which hears it from its first message on', async (provider, path, messages, expected) => {
    const socket = await dial(`${wsUrl()}${path}`);
    const answers = listen(socket);
    for (const message of messages) socket.send(JSON.stringify(message));
    expect(JSON.parse(await answers.at(0))).toEqual({ provider, ...expected });
    socket.send('{"event":"media","payload":"AAAA"}');
    expect(await answers.at(1)).toBe('{"event":"media","payload":"AAAA"}');
    const closed = once(socket, 'close');
    socket.send('hang up');
    expect(String(await closed)).toBe('4001,the agent hung up');
  });

  test('nobody in particular is turned away with a reason', async () => {
    await expect(dial(`${wsUrl()}/ws/plivo?serviceHost=nobody.my-team`)).rejects.toThrow('403');
    const socket = await dial(`${wsUrl()}/ws/twilio`);
    const closed = once(socket, 'close');
    socket.send(JSON.stringify({ event: 'start', start: { customParameters: {} } }));
    expect(String(await closed)).toContain('_pipecatCloudServiceHost is missing');
  });
});

test('a session and its agent set their connections up with the same TURN servers', async () => {
  const answer = await start({ transport: 'webrtc', enableDefaultIceServers: true });
  const { sessionId, iceConfig } = answer.body as {
    sessionId: string;
    iceConfig: { iceServers: { username?: string; credential?: string }[] };
  };
  const { status, config } = (await ofSession(sessionId, 'ice')).body as {
    status: number;
    config: { iceConfig: typeof iceConfig };
  };
  expect(status).toBe(200);
  for (const { iceServers } of [iceConfig, config.iceConfig]) {
    expect(iceServers).toMatchObject([{ urls: ['stun:stun.example:3478'] }, { urls: ['turn:turn.example:3478'] }]);
    const { username = '', credential } = iceServers[1] ?? {};
    expect(credential).toBe(createHmac('sha1', 'shared-with-coturn').update(username).digest('base64'));
  }
  await stop(sessionId);
});

test('a session in a Daily room: the person and the bot have a token each, and the room goes with the session', async () => {
  expect((await start({ createDailyRoom: true })).status).toBe(400);
  const folder = temporaryFolder('daily');
  const [keyFile, secretFile] = [join(folder, 'key'), join(folder, 'hmac')];
  writeFileSync(keyFile, `${daily.apiKey}\n`);
  writeFileSync(secretFile, dialinSecret);
  const set = await cli.ok([
    'organizations',
    'daily',
    'set',
    '--key-file',
    keyFile,
    '--dialin-secret-file',
    secretFile,
  ]);
  expect(set.stdout + set.stderr).not.toContain(daily.apiKey);

  const { sessionId, dailyRoom, dailyToken } = (await start({ createDailyRoom: true, body: { a: 1 } })).body as Record<
    string,
    string
  >;
  const { body, transport, room } = (await ofSession(sessionId ?? '', 'session')).body as {
    body: unknown;
    transport: string;
    room: { url: string; token: string };
  };
  expect([body, transport, room.url]).toEqual([{ a: 1 }, 'daily', dailyRoom]);
  expect(daily.tokens.get(dailyToken ?? '')).not.toHaveProperty('is_owner');
  expect(daily.tokens.get(room.token)).toHaveProperty('is_owner', true);
  expect(daily.rooms.size).toBe(1);
  await stop(sessionId ?? '');
  await until('the room is gone', () => daily.rooms.size === 0);
});

test('a call to a number of Daily: signed it is taken, else not', async () => {
  const path = '/v1/public/webhooks/my-team/phone/dialin';
  const text = JSON.stringify({ From: '+15550101', To: '+15550100', callId: 'c1', callDomain: 'd1' });
  expect((await call(cloud.url, 'POST', path, { body: text })).status).toBe(403);
  const timestamp = String(Date.now());
  const signature = createHmac('sha256', Buffer.from(dialinSecret, 'base64'))
    .update(`${timestamp}.${text}`)
    .digest('base64');
  const headers = { 'x-pinless-timestamp': timestamp, 'x-pinless-signature': signature };
  const answer = await call(cloud.url, 'POST', path, { body: text, headers });
  const { sessionId, dailyRoom } = answer.body as Record<string, string>;
  const { body, room } = (await ofSession(sessionId ?? '', 'session')).body as { body: object; room: { url: string } };
  expect(body).toMatchObject({ dialin_settings: { call_id: 'c1', From: '+15550101' }, daily_api_key: daily.apiKey });
  expect(room.url).toBe(dailyRoom);
  await stop(sessionId ?? '');
});

test('a call of WhatsApp is a session of its own, and its messages arrive as they were signed', async () => {
  const path = '/v1/public/webhooks/my-team/phone/whatsapp';
  const verified = await call(cloud.url, 'GET', `${path}?hub.mode=subscribe&hub.challenge=77&hub.verify_token=${key}`);
  expect([verified.status, verified.text]).toEqual([200, '77']);
  const messageOf = (event: string) =>
    `{ "object":"whatsapp_business_account", "entry":[{"changes":[{"value":{"calls":[{"id":"w1","event":"${event}"}]}}]}] }`;
  const signatureOf = (event: string) =>
    `sha256=${createHmac('sha256', appSecret).update(messageOf(event)).digest('hex')}`;
  const send = (event: string) =>
    call(cloud.url, 'POST', path, { body: messageOf(event), headers: { 'x-hub-signature-256': signatureOf(event) } });
  const connected = await send('connect');
  expect([connected.status, connected.body]).toEqual([200, { status: 'success' }]);
  expect((await send('terminate')).status).toBe(200);
  const { sessions } = await cli.json<{ sessions: { sessionId: string; endedAt: string | null }[] }>([
    ...['agent', 'sessions', 'phone', '--limit', '1'],
  ]);
  const sessionId = sessions[0]?.sessionId ?? '';
  expect((await ofSession(sessionId, 'heard')).body).toEqual([
    { body: messageOf('connect'), signature: signatureOf('connect'), session: sessionId },
    { body: messageOf('terminate'), signature: signatureOf('terminate'), session: sessionId },
  ]);
  expect((await send('terminate')).status).toBe(404);
  await stop(sessionId);
  expect(await sessionEnds(cli, 'phone', sessionId)).toMatchObject({ completionStatus: 'TERMINATED' });
});
