import { EventEmitter } from 'node:events';
import type { WorkerMessage } from '@pipecat-cloud/contract/worker';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { systemIds } from '../system.js';
import { createWorkerChannel } from './worker-channel.js';

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

test('builds are given out anew when a worker comes or goes, and not each time its instances change', () => {
  const [onChange, onPresence] = [vi.fn(), vi.fn()];
  const channel = createWorkerChannel({
    ...{ installationId: 'i', hopPublicKey: 'k', log: pino({ level: 'silent' }), ids: systemIds, leads: () => true },
    applyReport: async () => {},
    ...{ onHello() {}, onKeptBuilds() {}, onUnusedImages() {}, onMissingBuild() {}, onChange, onPresence },
  });
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
