import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Store } from '../../db/store.js';
import { createFileLogStore } from '../file-log-store.js';
import { composeLogExports } from './compose-log-exports.js';
import { openExportPlaces } from './export-places.js';

const agentId = '11111111-1111-4111-8111-111111111111';
const source = { agentId, deploymentId: 'd-1', instanceId: 'i-1' };
const log = pino({ enabled: false });
const until = (look: () => unknown) => vi.waitFor(look, { timeout: 60_000, interval: 10 });

let dataDirectory: string;
let placesFile: string;
let receiver: Server;
let received: string[];
let leader: string;
/** What each export that was opened is told of its file. */
let opened: (() => boolean)[];
const ours = () => opened.map((isOurs) => isOurs());
const closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'exports-'));
  placesFile = join(dataDirectory, 'log-exports', 'loki.json');
  received = [];
  opened = [];
  receiver = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { streams } = JSON.parse(gunzipSync(Buffer.concat(chunks)).toString()) as {
      streams: { values: string[][] }[];
    };
    received.push(...streams.flatMap(({ values }) => values.map(([, text = '']) => text)));
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  receiver.close();
  await rm(dataDirectory, { recursive: true, force: true });
});

/** One of several control planes on the same data. */
function controlPlane(name: string) {
  const leads = () => leader === name;
  const logs = createFileLogStore({ directory: join(dataDirectory, 'logs'), mine: leads });
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const loki = { url, tenant: undefined, authorization: async () => undefined };
  const openPlaces: typeof openExportPlaces = (path, to, since, isOurs) => {
    opened.push(isOurs);
    return openExportPlaces(path, to, since, isOurs);
  };
  const agentNames = async () => ({ organization: 'acme', agent: 'bot', agentId });
  const exports = composeLogExports({
    config: {
      dataDirectory,
      logs: { days: 0, agentMegabytes: 0, totalMegabytes: 0, exports: { loki } },
    },
    ...{
      store: { logRetention: { agentNames } } as unknown as Store,
      logs,
      log,
      register: new Registry(),
      leads,
      openPlaces,
      retryMs: 5,
    },
  });
  closing.push(async () => {
    await exports.close();
    await logs.close();
  });
  return {
    exports,
    logs,
    lead() {
      leader = name;
      logs.reopen();
      exports.lead();
    },
    add: (position: number) =>
      logs.append(source, [{ position, time: '2026-05-04T10:00:00.000Z', text: `line ${position}` }]),
  };
}

const places = async () => JSON.parse(await readFile(placesFile, 'utf8')) as Record<string, string>;

test('an export that another control plane went on with meanwhile goes on where that one was, and with what it left', async () => {
  const [first, second] = [controlPlane('first'), controlPlane('second')];
  first.lead();
  // It begins with what comes from now on.
  await until(async () => expect(await places()).toEqual({}));
  await first.add(1);
  await until(() => expect(received).toEqual(['line 1']));
  await until(async () => expect(await places()).toHaveProperty(agentId));
  const before = await places();
  leader = 'second';
  first.exports.standBy();
  second.lead();
  await second.add(2);
  await until(() => expect(received).toEqual(['line 1', 'line 2']));
  await until(async () => expect(await places()).not.toEqual(before));
  await second.exports.close();
  await second.add(3);
  first.lead();
  await until(() => expect(received).toEqual(['line 1', 'line 2', 'line 3']));
  await first.add(4);
  await until(() => expect(received).toEqual(['line 1', 'line 2', 'line 3', 'line 4']));
});

test('exports that cannot begin are begun again, until their control plane closes', async () => {
  const [one, other] = [controlPlane('one'), controlPlane('other')];
  const failing = (plane: typeof one) =>
    vi.spyOn(plane.logs, 'agents').mockRejectedValue(new Error('too many open files'));
  const [listing, otherListing] = [failing(one), failing(other)];
  for (const plane of [other, one]) plane.lead();
  for (const spy of [listing, otherListing]) await until(() => expect(spy.mock.calls.length).toBeGreaterThan(2));
  await other.exports.close();
  const tries = otherListing.mock.calls.length;
  listing.mockRestore();
  await until(async () => expect(await places()).toEqual({}));
  await one.add(1);
  await until(() => expect(received).toEqual(['line 1']));
  expect(otherListing).toHaveBeenCalledTimes(tries);
});

test('the files belong to an export until the next beginning, and only while its control plane leads', async () => {
  const one = controlPlane('one');
  one.lead();
  await until(() => expect(ours()).toEqual([true]));
  one.lead();
  expect(ours()).toEqual([false]);
  await until(() => expect(ours()).toEqual([false, true]));
  leader = 'another';
  expect(ours()).toEqual([false, false]);
  leader = 'one';
  one.exports.standBy();
  expect(ours()).toEqual([false, false]);
});

test.each([
  [true, { a: '1.1' }],
  [false, {}],
])('places are noted at the end where the file is still ours: %s', async (ours, kept) => {
  let isOurs = true;
  const file = join(dataDirectory, 'places.json');
  const some = await openExportPlaces(
    file,
    log,
    async () => [],
    () => isOurs,
  );
  await some.set('a', '1.1');
  isOurs = ours;
  await some.close();
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(kept);
});
