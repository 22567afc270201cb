import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createIceEndpoint, type IceEndpoint } from './ice-endpoint.js';

const servers = { iceConfig: { iceServers: [{ urls: ['turn:a'], username: 'u', credential: 'c' }] } };
let workerDir: string;
let control: Server;
let asked: (string | undefined)[];
let status: number;
const opened: IceEndpoint[] = [];

beforeEach(async () => {
  workerDir = await mkdtemp(join(tmpdir(), 'pipecat-cloud-ice-'));
  asked = [];
  status = 200;
  control = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    response.writeHead(status).end(JSON.stringify(servers));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => control.once('listening', resolve));
});
afterEach(async () => {
  for (const endpoint of opened.splice(0)) await endpoint.close();
  control.closeAllConnections();
  control.close();
  await rm(workerDir, { recursive: true });
});

async function open(credential: string | undefined = 'worker-credential'): Promise<IceEndpoint> {
  const controlUrl = `http://127.0.0.1:${(control.address() as AddressInfo).port}`;
  const log = pino({ enabled: false });
  const endpoint = await createIceEndpoint({ workerDir, controlUrl, credential: async () => credential, log });
  opened.push(endpoint);
  return endpoint;
}

test('agents get the ICE servers of the control plane, which is asked once for many', async () => {
  const url = await (await open()).urlAt('127.0.0.1');
  const answers = await Promise.all([fetch(url), fetch(url), fetch(url)]);
  for (const answer of answers) expect([answer.status, await answer.json()]).toEqual([200, servers]);
  expect(asked).toEqual(['GET /v1/workers/ice-servers Bearer worker-credential']);
  expect((await fetch(new URL('/anything', url))).status).toBe(404);
});

test('a restart keeps the address that living agents know', async () => {
  // Outside what the system hands out, so that nobody else gets it in between.
  const port = 12_000 + Math.floor(Math.random() * 8_000);
  await writeFile(join(workerDir, 'ice-endpoint.json'), JSON.stringify({ port, addresses: [] }));
  const first = await open();
  const url = await first.urlAt('127.0.0.1');
  await first.close();
  await open();
  expect(await (await fetch(url)).json()).toEqual(servers);
});

test('a port that is taken meanwhile is another one, and a broken file none', async () => {
  const { port } = control.address() as AddressInfo;
  for (const text of [JSON.stringify({ port, addresses: [] }), '{', '{"port":"x"}']) {
    await writeFile(join(workerDir, 'ice-endpoint.json'), text);
    const url = await (await open()).urlAt('127.0.0.1');
    expect(new URL(url).port).not.toBe(String(port));
    expect((await fetch(url)).status).toBe(200);
  }
});

test('where nobody knows them the answer is a refusal, at once', async () => {
  status = 500;
  expect((await fetch(await (await open()).urlAt('127.0.0.1'))).status).toBe(503);
  const nowhere = await (await open()).urlAt('192.0.2.1');
  await expect(fetch(nowhere)).rejects.toThrow();
});

test('at an address that is to come it is listened once that can be, and the URL is told before', async () => {
  const endpoint = await open();
  const { port } = new URL(await endpoint.urlAt('127.0.0.1'));
  const inTheWay = createServer((_, response) => response.writeHead(418).end()).listen(Number(port), '127.0.0.2');
  await new Promise((resolve) => inTheWay.once('listening', resolve));
  const url = await endpoint.urlAt('127.0.0.2', { isToCome: true });
  expect(url).toBe(`http://127.0.0.2:${port}/ice-servers`);
  expect((await fetch(url)).status).toBe(418);
  inTheWay.closeAllConnections();
  inTheWay.close();
  await vi.waitFor(async () => expect(await (await fetch(url)).json()).toEqual(servers), { timeout: 60_000 });
});
