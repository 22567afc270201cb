import { connect } from 'node:http2';
import { createServer, type Server, connect as tcp } from 'node:net';
import type { Duplex } from 'node:stream';
import type { BuildOrder } from '@pipecat-cloud/contract/worker';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EngineRequest } from '../../engine/engine.js';
import { never } from '../../testing/driver-tools.js';
import { bytesField, fieldsOf } from './protobuf.js';
import { openSecretSession } from './secret-session.js';

let server: Server;
let engineEnd: Promise<Duplex>;
let workerEnd: Duplex;
let asked: { path: string; request: EngineRequest | undefined };
beforeEach(async () => {
  server = createServer();
  engineEnd = new Promise((resolve) => server.once('connection', resolve));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  workerEnd = tcp(port, '127.0.0.1');
});
afterEach(async () => {
  workerEnd.destroy();
  (await engineEnd).destroy();
  await new Promise((resolve) => server.close(resolve));
});

/** Opens a session as a build does, and gives what an engine has of it. */
async function open(order: Pick<BuildOrder, 'secrets' | 'registry'>) {
  const upgrade = async (path: string, _protocol: string, request?: EngineRequest) => {
    asked = { path, request };
    return workerEnd;
  };
  await openSecretSession({ upgrade }, order, never);
  const socket = await engineEnd;
  const client = connect('http://session', { createConnection: () => socket });
  /** A unary call: its status, and the strings of the answer by field. */
  return async (path: string, message: Buffer) => {
    const call = client.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' });
    let status: unknown;
    call.on('response', (headers) => {
      status = headers['grpc-status'];
    });
    call.on('trailers', (headers) => {
      status = headers['grpc-status'];
    });
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    call.end(Buffer.concat([head, message]));
    const chunks: Buffer[] = [];
    for await (const chunk of call) chunks.push(chunk as Buffer);
    const answer = Buffer.concat(chunks);
    if (answer.length > 0) expect(answer.readUInt32BE(1)).toBe(answer.length - 5);
    const fields = [...fieldsOf(answer.subarray(5))].map(({ number, bytes }) => [number, bytes?.toString()]);
    return { status, fields: Object.fromEntries(fields) as Record<number, string> };
  };
}

const auth = '/moby.filesync.v1.Auth/Credentials';
const secret = '/moby.buildkit.secrets.v1.Secrets/GetSecret';
const request = (text: string) => bytesField(1, Buffer.from(text));
const registry = (host: string) => ({ host, credentials: Buffer.from('ann:pass:word').toString('base64') });

test('both services are offered by name', async () => {
  await open({});
  expect(asked.path).toBe('/session');
  expect(asked.request?.headers?.['x-docker-expose-session-grpc-method']).toEqual([secret, auth]);
});

test('credentials are for the registry that they name, and empty for every other one', async () => {
  const call = await open({ registry: registry('https://Registry.example.com:5000/') });
  const own = { status: '0', fields: { 1: 'ann', 2: 'pass:word' } };
  expect(await call(auth, request('registry.example.com:5000'))).toEqual(own);
  for (const host of ['registry.example.com', 'registry-1.docker.io', 'registry.example.com:5000.evil.org', '']) {
    expect(await call(auth, request(host))).toEqual({ status: '0', fields: { 1: '', 2: '' } });
  }
});

test.each(['https://index.docker.io/v1/', 'docker.io', 'registry-1.docker.io/'])(
  'credentials for %s are for Docker Hub by each of its names',
  async (host) => {
    const call = await open({ registry: registry(host) });
    for (const name of ['registry-1.docker.io', 'https://index.docker.io/v1/']) {
      expect((await call(auth, request(name))).fields).toEqual({ 1: 'ann', 2: 'pass:word' });
    }
    expect((await call(auth, request('ghcr.io'))).fields).toEqual({ 1: '', 2: '' });
  },
);

test('without any there are empty ones, and secrets are had by their names', async () => {
  const call = await open({ secrets: { TOKEN: 'value' } });
  expect(await call(auth, request('ghcr.io'))).toEqual({ status: '0', fields: { 1: '', 2: '' } });
  expect(await call(secret, request('TOKEN'))).toEqual({ status: '0', fields: { 1: 'value' } });
  expect(await call(secret, request('OTHER'))).toEqual({ status: '5', fields: {} });
  expect(await call('/moby.filesync.v1.Auth/FetchToken', request('ghcr.io'))).toEqual({ status: '12', fields: {} });
});
