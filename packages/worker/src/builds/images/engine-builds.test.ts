import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { BuildOrder } from '@pipecat-cloud/contract/worker';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { DriverError } from '../../drivers/driver.js';
import { createEngine } from '../../engine/engine.js';
import { never } from '../../testing/driver-tools.js';
import { contextOf } from '../../testing/process-driver-setup.js';
import { createEngineBuilds, type EngineBuildsOptions } from './engine-builds.js';

let folder: string;
let archive: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'engine-builds-'));
  archive = join(folder, 'context.tar.gz');
  await writeFile(archive, await contextOf({ 'docker/Dockerfile': 'FROM scratch' }));
});
afterAll(() => rm(folder, { recursive: true }));

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** What an engine does with a build; the promise is of the next request to call one off. */
type OnBuild = (response: ServerResponse, query: URLSearchParams, calledOff: Promise<void>) => void;

async function startEngine(onBuild: OnBuild) {
  let cancel = Promise.withResolvers<void>();
  const version = { ApiVersion: '1.47', MinAPIVersion: '1.24', Version: '27.0', Os: 'linux', Arch: 'amd64' };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://engine');
    request.resume();
    if (url.pathname.endsWith('/build/cancel')) cancel.resolve();
    if (!url.pathname.endsWith('/build')) return void response.end(JSON.stringify(version));
    cancel = Promise.withResolvers();
    request.on('end', () => onBuild(response, url.searchParams, cancel.promise));
  });
  const sessions: Duplex[] = [];
  server.on('upgrade', (_request, socket) => {
    sessions.push(socket.on('error', () => undefined));
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const engine = createEngine({ url: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` });
  closers.push(engine.close, async () => {
    for (const session of sessions) session.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return engine;
}

const order: BuildOrder = {
  buildId: 'b-1',
  organizationId: 'org-1',
  contextSha256: 'a',
  dockerfilePath: 'docker//Dockerfile',
  timeoutSeconds: 60,
};

interface BuildMore {
  signal?: AbortSignal;
  secrets?: Record<string, string>;
}

async function build(
  onBuild: OnBuild,
  { signal = never, secrets = {}, ...change }: Partial<EngineBuildsOptions> & BuildMore = {},
) {
  const engine = await startEngine(onBuild);
  const builds = createEngineBuilds({ engine, installationId: 'i-1', buildKit: false, ...change });
  return await builds.run('name:tag', { ...order, secrets }, archive, () => undefined, signal).catch((error) => error);
}

test('the engine is told of the Dockerfile that was looked at', async () => {
  let told: string | null = null;
  await build((response, query) => {
    told = query.get('dockerfile');
    response.end('{}');
  });
  expect(told).toBe('./docker/Dockerfile');
});

const begun = (response: ServerResponse) => void response.write('{"stream":"begun\\n"}\n');

test.each([
  ['a classic builder never answers', {}, () => undefined],
  ['a classic builder does not go on with', {}, begun],
  ['BuildKit never answers', { buildKit: true, endGraceMs: 1 }, () => undefined],
  ['BuildKit does not go on with', { buildKit: true, endGraceMs: 1 }, begun],
])('a build that %s ends when it is called off', async (_, change, onBuild) => {
  const calledOff = new AbortController();
  const reason = new Error('called off');
  const error = await build(
    (response) => {
      onBuild(response);
      calledOff.abort(reason);
    },
    { ...change, signal: calledOff.signal },
  );
  expect(error).toBe(reason);
});

test('BuildKit is asked to call a build off, and its answer ends it', async () => {
  const calledOff = new AbortController();
  const reason = new Error('called off');
  const error = await build(
    async (response, _query, asked) => {
      calledOff.abort(reason);
      await asked;
      response.end('{"errorDetail":{"message":"context canceled"}}\n');
    },
    { buildKit: true, endGraceMs: 3_600_000, signal: calledOff.signal },
  );
  expect(error).toBe(reason);
});

test.each([
  [
    'an answer',
    (message: string) => (response: ServerResponse) => {
      response.end(`${JSON.stringify({ stream: `${message}\n` })}\n${JSON.stringify({ error: message })}\n`);
    },
  ],
  [
    'a refusal',
    (message: string) => (response: ServerResponse) => {
      response.writeHead(500).end(JSON.stringify({ message }));
    },
  ],
])('of a secret in %s that is too long to be told, no part is told', async (_, answerWith) => {
  const secrets = { TOKEN: 'a-secret-of-the-build' };
  for (const text of ['', 'exit code: 1 ']) {
    // Messages are cut after 300 characters.
    const message = `${text}${'x'.repeat(295 - text.length)}${secrets.TOKEN} and more`;
    const error = await build(answerWith(message), { buildKit: true, secrets });
    expect(error).toBeInstanceOf(DriverError);
    expect(`${error.message} ${error.cause}`).not.toContain('a-se');
  }
});
