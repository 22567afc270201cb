import { readFile } from 'node:fs/promises';
import type {
  Command,
  CommandRefusal,
  ControlMessage,
  Enrolled,
  InstanceSpec,
  ObservedInstance,
  Report,
  SessionEndReason,
  WorkerMessage,
} from '@pipecat-cloud/contract/worker';
import { WebSocket } from 'ws';

type Starts = 'ready' | 'failed' | 'delayed' | 'never';

/**
 * A worker that runs nothing: it enrols and speaks the real protocol over a real socket, and its instances are ready at once.
 * Tests steer it and see every command that it was given.
 */
export async function createFakeWorker(options: {
  url: string;
  /** Where the token for the installation's own worker lies; or a token, for that of a region. */
  enrolmentFile?: string;
  enrolmentToken?: string;
  architecture?: string;
  /** Where sessions are relayed to; nothing listens there by default. */
  dataUrl?: string;
  /** Names of the secret sets that lie on its machine; may change. */
  secretSets?: string[];
}) {
  const instances = new Map<string, ObservedInstance>();
  const commands: Command[] = [];
  const unacknowledged = new Map<number, Report>();
  let reports = 0;
  let socket: WebSocket | undefined;
  let { url } = options;
  /** What instances of new orders become; tests change it. */
  const behaviour = {
    starts: 'ready' as Starts,
    /** Before `starts`, where it says something of the order. */
    startsOf: undefined as ((spec: InstanceSpec) => Starts | undefined) | undefined,
    /** What the image of an order is resolved to. */
    digestOf: undefined as ((image: string) => string) | undefined,
    answers: true,
  };

  const token = options.enrolmentToken ?? (await readFile(options.enrolmentFile ?? '', 'utf8')).trim();
  const enrolled = await fetch(`${options.url}/v1/workers/enrol`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, name: 'fake' }),
  });
  const { credential } = (await enrolled.json()) as Enrolled;

  function send(message: WorkerMessage): void {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  }
  const observe = () => send({ type: 'observed', instances: [...instances.values()], builds: [] });

  function report(body: Report): void {
    unacknowledged.set(++reports, body);
    send({ type: 'report', number: reports, report: body });
  }

  function refusal(command: Command): CommandRefusal | undefined {
    if (command.do === 'check-secret-set') return options.secretSets?.includes(command.name) ? undefined : 'failed';
    if (command.do !== 'activate') return undefined;
    const { instanceId, epoch, sessionId } = command.activation;
    const instance = instances.get(instanceId);
    if (!instance) return 'unknown_instance';
    if (instance.sessionId === sessionId && instance.epoch === epoch) return undefined;
    if (epoch <= instance.epoch) return 'stale_epoch';
    return instance.sessionId ? 'busy' : undefined;
  }

  function obey(command: Command): void {
    if (command.do === 'ensure' && !instances.has(command.spec.instanceId)) {
      const { instanceId, source } = command.spec;
      const error = { code: 'PCC_UNKNOWN_ERROR', message: 'it was told to fail' };
      const starts = behaviour.startsOf?.(command.spec) ?? behaviour.starts;
      const digest = source.type === 'image' ? behaviour.digestOf?.(source.image) : undefined;
      const one = { instanceId, epoch: 0, ...(digest ? { imageDigest: digest } : {}) };
      if (starts === 'ready') instances.set(instanceId, { ...one, state: 'ready' });
      if (starts === 'failed') instances.set(instanceId, { ...one, state: 'failed', error });
      if (starts === 'delayed')
        instances.set(instanceId, {
          ...one,
          state: 'preparing',
          delayed: 'The engine of the fake worker does not answer',
        });
      if (starts === 'never') instances.set(instanceId, { ...one, state: 'starting' });
    }
    if (command.do === 'remove') instances.delete(command.instanceId);
    if (command.do === 'activate') {
      const { instanceId, epoch, sessionId } = command.activation;
      instances.set(instanceId, { ...instances.get(instanceId), instanceId, state: 'busy', epoch, sessionId });
    }
    if (command.do === 'abandon') endSession(command.sessionId, 'connect_timeout');
    if (command.do === 'stop') endSession(command.sessionId, 'stopped', 'exited');
  }

  function receive(message: ControlMessage): void {
    if (message.type === 'acknowledge') for (const number of message.numbers) unacknowledged.delete(number);
    if (message.type !== 'command') return;
    commands.push(message.command);
    const refused = refusal(message.command);
    if (!refused) obey(message.command);
    if (behaviour.answers) {
      send(
        refused
          ? { type: 'answer', id: message.id, ok: false, refusal: refused, message: refused }
          : { type: 'answer', id: message.id, ok: true },
      );
    }
    observe();
  }

  function endSession(
    sessionId: string,
    reason: SessionEndReason,
    then: 'ready' | 'settling' | 'exited' = 'ready',
    at = new Date(),
    detail?: string,
  ): void {
    const held = [...instances.values()].find((instance) => instance.sessionId === sessionId);
    if (!held) throw new Error(`No instance holds ${sessionId}`);
    const { instanceId, epoch } = held;
    instances.set(instanceId, { instanceId, state: then, epoch });
    const end = { type: 'session-ended', sessionId, instanceId, epoch, reason, at: at.toISOString() } as const;
    report(detail === undefined ? end : { ...end, detail });
    observe();
  }

  /** Resolves once it is welcomed; rejects with why where it was sent away. */
  async function connect(): Promise<void> {
    const opened = new WebSocket(`${url.replace('http', 'ws')}/v1/workers/channel`, {
      headers: { authorization: `Bearer ${credential}` },
    });
    socket = opened;
    opened.on('message', (data) => receive(JSON.parse(String(data)) as ControlMessage));
    opened.once('open', () => {
      const { architecture, dataUrl = 'http://127.0.0.1:9' } = options;
      send({ type: 'hello', version: 1, driver: 'fake', dataUrl, ...(architecture ? { architecture } : {}) });
      observe();
      for (const [number, body] of unacknowledged) send({ type: 'report', number, report: body });
    });
    await new Promise<void>((resolve, reject) => {
      opened.once('message', () => resolve()).once('error', reject);
      opened.once('close', (code, reason) => reject(new Error(`The worker was not welcomed: ${code} ${reason}`)));
    });
  }

  await connect();
  return {
    instances,
    commands,
    behaviour,
    send,
    observe,
    report,
    endSession,
    unacknowledged,
    activations: () => commands.flatMap((command) => (command.do === 'activate' ? [command.activation] : [])),
    connect,
    /** Another control plane from now on. */
    connectTo(other: string): Promise<void> {
      url = other;
      return connect();
    },
    credential,
    isConnected: () => socket?.readyState === WebSocket.OPEN,
    disconnect(): void {
      socket?.terminate();
    },
  };
}
export type FakeWorker = Awaited<ReturnType<typeof createFakeWorker>>;
