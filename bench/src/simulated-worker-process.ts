import { readFileSync } from 'node:fs';
import type { Command, ControlMessage, ObservedInstance, WorkerMessage } from '@pipecat-cloud/contract/worker';

/**
 * A worker whose instances are rows of a table: it enrols and speaks the real protocol over a real socket, its instances are ready at
 * once and accept at once. So that hundreds of them can be had on a machine that could not run so many agents.
 */
const { BENCH_URL = '', BENCH_ENROLMENT = '', BENCH_SESSION_MS = '0' } = process.env;
const sessionMs = Number(BENCH_SESSION_MS);
/** A real worker tells its state no more often. */
const leastMs = 20;

const instances = new Map<string, ObservedInstance>();
let reports = 0;
let tellSoon = false;

const answer = await fetch(`${BENCH_URL}/v1/workers/enrol`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ token: readFileSync(BENCH_ENROLMENT, 'utf8').trim(), name: 'simulated' }),
});
const { credential } = (await answer.json()) as { credential: string };
// Node's own WebSocket takes headers, which its type does not say.
const Socket = WebSocket as unknown as new (url: string, options: { headers: Record<string, string> }) => WebSocket;
const socket = new Socket(`${BENCH_URL.replace('http', 'ws')}/v1/workers/channel`, {
  headers: { authorization: `Bearer ${credential}` },
});

const send = (message: WorkerMessage) => socket.send(JSON.stringify(message));
function tell(): void {
  if (tellSoon) return;
  tellSoon = true;
  setTimeout(() => {
    tellSoon = false;
    send({ type: 'observed', instances: [...instances.values()], builds: [] });
  }, leastMs);
}

function end(instanceId: string, sessionId: string, epoch: number): void {
  instances.set(instanceId, { instanceId, state: 'ready', epoch });
  const at = new Date().toISOString();
  const report = { type: 'session-ended', sessionId, instanceId, epoch, reason: 'completed', status: 200, at } as const;
  send({ type: 'report', number: ++reports, report });
  tell();
}

function obey(command: Command): void {
  if (command.do === 'ensure' && !instances.has(command.spec.instanceId)) {
    const { instanceId } = command.spec;
    instances.set(instanceId, { instanceId, state: 'ready', epoch: 0, startedMs: 1 });
  }
  if (command.do === 'remove') instances.delete(command.instanceId);
  if (command.do === 'activate') {
    const { instanceId, epoch, sessionId } = command.activation;
    instances.set(instanceId, { instanceId, state: 'busy', epoch, sessionId });
    setTimeout(() => end(instanceId, sessionId, epoch), sessionMs);
  }
  tell();
}

socket.addEventListener('message', ({ data }) => {
  const message = JSON.parse(String(data)) as ControlMessage;
  if (message.type !== 'command') return;
  obey(message.command);
  send({ type: 'answer', id: message.id, ok: true });
});
socket.addEventListener('close', () => process.exit(1));
socket.addEventListener('open', () => {
  send({ type: 'hello', version: 1, driver: 'simulated', dataUrl: 'http://127.0.0.1:9' });
  send({ type: 'observed', instances: [], builds: [] });
  process.send?.({ type: 'ready' });
});
