import { createHmac, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

type JsonObject = Record<string, unknown>;
export interface FakeRoom {
  name: string;
  privacy: string;
  properties: JsonObject;
}

/** Members of `properties` that Daily knows, as far as sessions need them; it refuses others. */
const roomProperties = [
  'exp',
  'nbf',
  'eject_at_room_exp',
  'sip',
  'enable_dialout',
  'start_video_off',
  'max_participants',
];
const tokenProperties = [
  'room_name',
  'exp',
  'is_owner',
  'user_name',
  'user_id',
  'eject_at_token_exp',
  'start_video_off',
];

/** The part of Daily's REST API that sessions need, with its answers and refusals. */
export async function startFakeDaily() {
  const apiKeys = new Set(['daily-key-of-ours']);
  const rooms = new Map<string, FakeRoom>();
  const tokens = new Map<string, JsonObject>();
  const requests: string[] = [];
  /** Answers the next requests whose line begins so with this status. */
  const failures = new Map<string, number>();

  function refuse(info: string): [number, JsonObject] {
    return [400, { error: 'invalid-request-error', info }];
  }

  function makeRoom({
    name = randomUUID(),
    privacy = 'public',
    properties = {},
  }: Partial<FakeRoom>): [number, JsonObject] {
    if (!/^[A-Za-z0-9_-]{1,128}$/.test(name)) return refuse('name is not allowed');
    if (rooms.has(name)) return refuse(`a room named ${name} already exists`);
    if (!['public', 'private'].includes(privacy)) return refuse(`privacy ${privacy}`);
    const unknown = Object.keys(properties).find((key) => !roomProperties.includes(key));
    if (unknown) return refuse(`unknown property ${unknown}`);
    const { exp } = properties;
    if (exp !== undefined && !(Number.isInteger(exp) && Number(exp) > Date.now() / 1000))
      return refuse('exp is in the past');
    rooms.set(name, { name, privacy, properties });
    return [
      200,
      {
        id: randomUUID(),
        name,
        api_created: true,
        privacy,
        url: `https://ours.daily.example/${name}`,
        config: properties,
      },
    ];
  }

  function makeToken({ properties = {} }: { properties?: JsonObject }): [number, JsonObject] {
    const unknown = Object.keys(properties).find((key) => !tokenProperties.includes(key));
    if (unknown) return refuse(`unknown property ${unknown}`);
    if (!rooms.has(String(properties.room_name))) return refuse(`no room ${properties.room_name}`);
    const token = `header.${randomUUID()}.${createHmac('sha256', 'daily').update(JSON.stringify(properties)).digest('base64url')}`;
    tokens.set(token, properties);
    return [200, { token }];
  }

  function answer(line: string, body: JsonObject): [number, JsonObject] {
    const failing = [...failures].find(([begin]) => line.startsWith(begin));
    if (failing) return [failing[1], { error: 'told-to-fail', info: 'told to fail' }];
    if (line === 'GET /') return [200, { domain_name: 'ours', config: {} }];
    if (line === 'POST /rooms') return makeRoom(body as Partial<FakeRoom>);
    if (line === 'POST /meeting-tokens') return makeToken(body);
    const [, name] = /^DELETE \/rooms\/([^/]+)$/.exec(line) ?? [];
    if (name === undefined) return [404, { error: 'not-found' }];
    return rooms.delete(name)
      ? [200, { deleted: true, name }]
      : [404, { error: 'not-found', info: 'room does not exist' }];
  }

  const server = createServer(async (request: IncomingMessage, response) => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const line = `${request.method} ${request.url?.replace('/v1', '') || '/'}`;
    requests.push(line);
    const known = apiKeys.has(request.headers.authorization?.replace(/^Bearer /, '') ?? '');
    const [status, body] = known
      ? answer(line, text === '' ? {} : JSON.parse(text))
      : [401, { error: 'authentication-error', info: 'API key is not valid' }];
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));

  return {
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    apiKey: 'daily-key-of-ours',
    ...{ apiKeys, rooms, tokens, requests, failures },
    close(): void {
      server.closeAllConnections();
      server.close();
    },
  };
}
export type FakeDaily = Awaited<ReturnType<typeof startFakeDaily>>;
