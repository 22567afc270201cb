import { randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { BuildOrder } from '@pipecat-cloud/contract/worker';
import { loginFor } from '../../drivers/docker/registry-credentials.js';
import type { Engine } from '../../engine/engine.js';
import { bytesField, fieldsOf } from './protobuf.js';

export interface SecretSession {
  /** Names this session in the request for the build. */
  id: string;
  close(): void;
}

const getSecret = '/moby.buildkit.secrets.v1.Secrets/GetSecret';
const credentials = '/moby.filesync.v1.Auth/Credentials';
const health = '/grpc.health.v1.Health/Check';
/** A request names one secret or one host; anything longer is none. */
const requestLimitBytes = 16 * 1024;
const notFound = 5;
const unimplemented = 12;

type Answers = Pick<BuildOrder, 'secrets' | 'registry'>;

/**
 * Answers BuildKit when a step with `RUN --mount=type=secret,id=NAME` asks for NAME, and when it asks for the credentials of a registry. The
 * engine takes a connection of ours over and calls back on it by gRPC: so values travel to the engine's memory and from there to a mount
 * of that step, or to the registry that they are for, and never stand in an image, its history, a file, a log or an argument. To be
 * closed when the build has ended.
 */
export async function openSecretSession(
  engine: Pick<Engine, 'upgrade'>,
  answers: Answers,
  signal: AbortSignal,
): Promise<SecretSession> {
  const id = randomUUID();
  const socket = await engine.upgrade('/session', 'h2c', {
    signal,
    headers: {
      'x-docker-expose-session-uuid': id,
      'x-docker-expose-session-name': 'pipecat-cloud',
      'x-docker-expose-session-sharedkey': '',
      'x-docker-expose-session-grpc-method': [getSecret, credentials],
    },
  });
  const server = createServer();
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined); // The engine has let go; the build says what that means.
    answer(stream, headers, answers).catch(() => stream.destroy());
  });
  // A broken connection fails the step that asks, and so the build.
  server.on('sessionError', () => undefined);
  socket.on('error', () => undefined);
  server.emit('connection', socket);
  return { id, close: () => socket.destroy() };
}

async function answer(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { secrets = {}, registry }: Answers,
): Promise<void> {
  const request = await readRequest(stream);
  switch (headers[':path']) {
    case health:
      return respond(stream, Buffer.from([0x08, 0x01])); // status: SERVING
    case getSecret: {
      const name = nameIn(request);
      const value = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
      if (value === undefined) return refuse(stream, notFound, `the build has no secret ${name}`);
      return respond(stream, bytesField(1, Buffer.from(value)));
    }
    case credentials: {
      // Nothing at all means that there are none.
      const { username, password } = loginFor(registry, nameIn(request)) ?? { username: '', password: '' };
      return respond(
        stream,
        Buffer.concat([bytesField(1, Buffer.from(username)), bytesField(2, Buffer.from(password))]),
      );
    }
    default:
      return refuse(stream, unimplemented, 'not offered by this session');
  }
}

/** What is asked for: field 1 of either request. */
const nameIn = (request: Buffer): string =>
  [...fieldsOf(request)].find(({ number, bytes }) => number === 1 && bytes)?.bytes?.toString() ?? '';

/** The message of a unary call: one byte of flags, the length in 32 bits, and the message. */
async function readRequest(stream: ServerHttp2Stream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > requestLimitBytes) throw new Error('the engine sent an overlong request');
    chunks.push(chunk);
  }
  const frame = Buffer.concat(chunks);
  return frame.subarray(5);
}

const accepted = { ':status': 200, 'content-type': 'application/grpc' };

function respond(stream: ServerHttp2Stream, message: Buffer): void {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  stream.respond(accepted, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(Buffer.concat([head, message]));
}

function refuse(stream: ServerHttp2Stream, status: number, message: string): void {
  stream.respond(
    { ...accepted, 'grpc-status': String(status), 'grpc-message': encodeURIComponent(message) },
    { endStream: true },
  );
}
