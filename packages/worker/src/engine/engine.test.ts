import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from './engine.js';
import { parseEngineAddress } from './engine-address.js';
import { EngineError, EngineTimeout, EngineUnreachable } from './engine-error.js';

const version = { ApiVersion: '1.47', MinAPIVersion: '1.24', Version: '27.0', Os: 'linux', Arch: 'amd64' };

describe('an engine client', () => {
  let server: Server;
  let engine: Engine;
  let answer: RequestListener;
  let paths: string[];
  let folder: string;
  let said: object;

  beforeEach(async () => {
    paths = [];
    said = version;
    folder = await mkdtemp(join(tmpdir(), 'engine-'));
    server = createServer((request, response) => {
      paths.push(`${request.method} ${request.url}`);
      if (request.url === '/version') response.end(JSON.stringify(said));
      else answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(join(folder, 'engine.sock'), resolve));
    engine = createEngine({ url: `unix://${join(folder, 'engine.sock')}` });
  });
  afterEach(async () => {
    await engine.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });

  test('asks for the version once, speaks its own where the engine still knows it, and writes filters as JSON', async () => {
    answer = (_, response) => response.end('[]');
    expect(
      await engine.request('GET', '/containers/json', { query: { all: true, filters: { label: ['a=b'] } } }),
    ).toEqual([]);
    await engine.request('GET', '/images/json');
    expect(paths).toEqual([
      'GET /version',
      `GET /v1.41/containers/json?all=true&filters=${encodeURIComponent('{"label":["a=b"]}')}`,
      'GET /v1.41/images/json',
    ]);
  });

  test('speaks the oldest version of an engine that no longer knows its own', async () => {
    said = { ...version, MinAPIVersion: '1.44' };
    answer = (_, response) => response.end();
    await engine.request('GET', '/x');
    expect(paths.at(-1)).toBe('GET /v1.44/x');
  });

  test('refuses an engine that is too old, and what is no engine', async () => {
    said = { ...version, ApiVersion: '1.40' };
    await expect(engine.request('GET', '/x')).rejects.toThrow('1.41 is needed');
    said = {};
    await expect(engine.request('GET', '/x')).rejects.toThrow('no container engine');
  });

  test("a refusal carries the engine's status and words", async () => {
    answer = (_, response) => response.writeHead(409).end('{"message":"name is in use"}');
    const refusal = await engine.request('POST', '/x', { body: { a: 1 } }).catch((error: Error) => error);
    expect(refusal).toBeInstanceOf(EngineError);
    expect(refusal).toMatchObject({ status: 409, message: 'name is in use' });
    await expect(engine.stream('GET', '/x')).rejects.toMatchObject({ status: 409 });
  });

  test('an engine that hangs is given up at the deadline, before or within its answer, and asked again later', async () => {
    answer = () => undefined;
    const refusal = await engine.request('GET', '/x', { deadlineMs: 20 }).catch((error: Error) => error);
    expect(refusal).toBeInstanceOf(EngineTimeout);
    expect((refusal as Error).message).toContain('GET /v1.41/x');
    answer = (_, response) => response.write('{"half":');
    await expect(engine.request('GET', '/x', { deadlineMs: 20 })).rejects.toBeInstanceOf(EngineTimeout);
    answer = (_, response) => response.end('{"ok":true}');
    expect(await engine.request('GET', '/x')).toEqual({ ok: true });
  });

  test('the signal ends a call with its own reason', async () => {
    const controller = new AbortController();
    answer = () => controller.abort(new Error('called off'));
    await expect(engine.request('GET', '/x', { signal: controller.signal })).rejects.toThrow('called off');
  });

  test('streams have no deadline and do not stand in the way of other calls', async () => {
    answer = (request, response) => (request.url?.endsWith('/events') ? response.write('{}\n') : response.end('{}'));
    const streams = await Promise.all(Array.from({ length: 20 }, () => engine.stream('GET', '/events')));
    expect(await engine.request('GET', '/x')).toEqual({});
    for (const stream of streams) stream.destroy();
  });

  test('an engine that is not there is unreachable, by name of its address', async () => {
    const nobody = createEngine({ url: `unix://${join(folder, 'nobody.sock')}` });
    const refusal = await nobody.request('GET', '/x').catch((error: Error) => error);
    expect(refusal).toBeInstanceOf(EngineUnreachable);
    expect((refusal as Error).message).toContain('nobody.sock');
    await nobody.close();
  });

  test('speaks over TCP too', async () => {
    const other = createServer((_, response) => response.end(JSON.stringify(version)));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const overTcp = createEngine({ url: `tcp://127.0.0.1:${(other.address() as AddressInfo).port}` });
    expect(await overTcp.version()).toMatchObject({ Version: '27.0', ApiVersion: '1.41' });
    await overTcp.close();
    other.close();
  });
});

test('addresses of other machines and of no known form are refused', () => {
  expect(parseEngineAddress('unix:///run/x.sock').socketPath).toBe('/run/x.sock');
  expect(() => parseEngineAddress('tcp://10.0.0.5:2375')).toThrow('another machine');
  for (const text of ['', 'unix://', '/var/run/docker.sock', 'ssh://host', 'tcp://127.0.0.1']) {
    expect(() => parseEngineAddress(text)).toThrow('no address of a container engine');
  }
});
