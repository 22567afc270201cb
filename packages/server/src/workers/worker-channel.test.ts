import { EventEmitter, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { WorkerMessage } from '@pipecat-cloud/contract/worker';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createRunningClock } from '../running-clock.js';
import { systemIds } from '../system.js';
import { type ChannelDeps, createWorkerChannel } from './worker-channel.js';

/** The link of a worker that says what the test says, with what a channel asks of it. */
function link() {
  const socket = new EventEmitter();
  const nothing = { send() {}, close() {}, terminate() {}, ping() {} };
  return {
    socket: Object.assign(socket, nothing) as unknown as WebSocket,
    say: (message: WorkerMessage) => socket.emit('message', JSON.stringify(message)),
    close: () => socket.emit('close'),
  };
}

function channelOf(options: Partial<ChannelDeps>) {
  return createWorkerChannel({
    ...{ installationId: 'i', hopPublicKey: 'k', log: pino({ level: 'silent' }), ids: systemIds, leads: () => true },
    applyReport: async () => {},
    ...{ onHello() {}, onKeptBuilds() {}, onUnusedImages() {}, onMissingBuild() {}, onChange() {}, onPresence() {} },
    ...options,
  });
}

test('builds are given out anew when a worker comes or goes, and not each time its instances change', () => {
  const [onChange, onPresence] = [vi.fn(), vi.fn()];
  const channel = channelOf({ onChange, onPresence });
  const worker = link();
  channel.accept(worker.socket, { workerId: 'w', scope: undefined });
  const calls = () => [onChange, onPresence].map(({ mock }) => mock.calls.length);
  // It is given nothing before it has said what it runs.
  expect(calls()).toEqual([0, 0]);
  worker.say({ type: 'observed', instances: [], builds: [] });
  expect(calls()).toEqual([1, 1]);
  worker.say({ type: 'observed', instances: [{ instanceId: 'a', state: 'ready', epoch: 0 }], builds: [] });
  expect(calls()).toEqual([2, 1]);
  worker.close();
  expect(calls()).toEqual([3, 2]);
});

test('a worker whose link is taken over by a new one was here until then; one that never said what it runs was not', () => {
  let ranMs = 0;
  const channel = channelOf({ runningMs: () => ranMs });
  const accept = () => {
    const worker = link();
    channel.accept(worker.socket, { workerId: 'w', scope: undefined });
    return worker;
  };
  const away = () => [channel.awayMs('w'), channel.placeAwayMs({}), channel.nobodyMs()];
  accept().say({ type: 'observed', instances: [], builds: [] });
  ranMs += 36_000_000;
  // The old link may not have been found broken yet.
  const second = accept();
  expect(away()).toEqual([0, 0, 0]);
  ranMs += 5;
  const third = accept();
  second.close();
  third.close();
  expect(away()).toEqual([5, 5, 5]);
});

describe('a worker that is asked for a sign of life', () => {
  const heartbeatMs = 200;
  let server: WebSocketServer;
  /** Called once it was asked, before it knows. */
  let asked: () => void;
  beforeEach(async () => {
    asked = () => {};
    const channel = channelOf({ heartbeatMs, runningMs: createRunningClock({ tickMs: 10, longestMs: 20 }) });
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    server.on('connection', (socket) => {
      const ping = socket.ping.bind(socket);
      socket.ping = () => {
        ping();
        asked();
      };
      channel.accept(socket, { workerId: 'w', scope: undefined });
    });
    await once(server, 'listening');
  });
  afterEach(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  const dial = (options: object) =>
    new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, { perMessageDeflate: false, ...options });

  test('and gives none is cut', async () => {
    await once(dial({ autoPong: false }), 'close');
  });

  test.each(['has asked', 'was answered'])('is kept where this process stands still once it %s', async (moment) => {
    const worker = dial({});
    const told = (event: string) => once(worker, event).then(() => event);
    const standStill = () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, heartbeatMs * 2.5);
    if (moment === 'has asked') asked = standStill;
    else worker.on('ping', standStill);
    const cut = told('close');
    for (let round = 0; round < 3; round++) expect(await Promise.race([told('ping'), cut])).toBe('ping');
  });
});
