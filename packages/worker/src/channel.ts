import { setTimeout as delay } from 'node:timers/promises';
import type { Command, CommandRefusal, ControlMessage, WorkerMessage } from '@pipecat-cloud/contract/worker';
import { workerFrameLimit, workerProtocolVersion } from '@pipecat-cloud/contract/worker-protocol';
import type { Logger } from 'pino';
import { WebSocket } from 'ws';
import { CommandRefused } from './command-refused.js';
import type { Enrolment } from './enrolment.js';
import type { Outbox } from './outbox.js';
import type { Timings } from './timings.js';

export type Welcome = Extract<ControlMessage, { type: 'welcome' }>;

export interface ChannelDeps {
  controlUrl: string;
  enrolment: Enrolment;
  outbox: Outbox;
  timings: Timings;
  log: Logger;
  /** What is said first on every link: hello, then what is observed, where that is known. */
  greeting: () => WorkerMessage[];
  onWelcome: (welcome: Welcome) => Promise<void>;
  /** Throws `CommandRefused` to refuse. */
  onCommand: (command: Command) => Promise<void>;
}

export type Channel = ReturnType<typeof createChannel>;

/** How a link ended. */
type LinkEnd = 'closed' | 'refused';

/** Keeps one authenticated link to the control plane: dials, greets, resumes and notices a dead peer. One link at a time counts. */
export function createChannel(deps: ChannelDeps) {
  const { controlUrl, enrolment, outbox, timings, log } = deps;
  const url = `${controlUrl.replace(/^http/, 'ws')}/v1/workers/channel`;
  const closing = new AbortController();
  let current: WebSocket | undefined;
  let failures = 0;
  let running: Promise<void> | undefined;

  function transmit(socket: WebSocket | undefined, message: WorkerMessage): boolean {
    if (!socket || socket !== current || socket.readyState !== WebSocket.OPEN) return false;
    const text = JSON.stringify(message);
    if (Buffer.byteLength(text) > workerFrameLimit) {
      log.error({ type: message.type }, 'a message to the control plane is larger than a frame may be and is not sent');
      return false;
    }
    socket.send(text, () => undefined); // A failed send closes the link, and what matters is sent again on the next.
    return true;
  }

  async function answer(socket: WebSocket, id: string, command: Command): Promise<void> {
    try {
      await deps.onCommand(command);
      transmit(socket, { type: 'answer', id, ok: true });
    } catch (error) {
      const refused = error instanceof CommandRefused;
      if (!refused) log.error({ err: error, command: command.do }, 'a command failed');
      const refusal: CommandRefusal = refused ? error.refusal : 'failed';
      transmit(socket, { type: 'answer', id, ok: false, refusal, message: (error as Error).message });
    }
  }

  async function receive(socket: WebSocket, data: WebSocket.RawData): Promise<void> {
    if (socket !== current) return;
    const message = JSON.parse(String(data)) as ControlMessage;
    if (message.type === 'acknowledge') return outbox.acknowledge(message.numbers);
    if (message.type === 'command') return answer(socket, message.id, message.command);
    if (message.type !== 'welcome') return; // Said by a later version.
    if (message.version !== workerProtocolVersion) {
      log.error(
        { theirs: message.version, ours: workerProtocolVersion },
        'control plane and worker speak different versions; upgrade both to the same release',
      );
      return socket.terminate();
    }
    failures = 0;
    await deps.onWelcome(message);
  }

  /** Ends the link when nothing was heard for too long: a peer that is gone sends no close. */
  function watchSilence(socket: WebSocket): NodeJS.Timeout {
    let heard = performance.now();
    const alive = () => {
      heard = performance.now();
    };
    const isSilent = () => performance.now() - heard >= timings.silenceMs;
    socket.on('pong', alive).on('ping', alive).on('message', alive);
    function giveUp(): void {
      if (!isSilent() || socket.readyState !== WebSocket.OPEN) return;
      log.warn('the control plane is silent; dialling again');
      socket.terminate();
    }
    return setInterval(() => {
      if (!isSilent()) return socket.ping(() => undefined);
      // Where this process itself stood still, what came meanwhile is yet to be read.
      setImmediate(giveUp);
    }, timings.pingMs);
  }

  function link(credential: string): Promise<LinkEnd> {
    return new Promise((resolve) => {
      const socket = new WebSocket(url, {
        headers: { authorization: `Bearer ${credential}` },
        maxPayload: workerFrameLimit,
        perMessageDeflate: false,
        handshakeTimeout: timings.silenceMs,
      });
      current = socket;
      let watching: NodeJS.Timeout | undefined;
      socket.on('open', () => {
        watching = watchSilence(socket);
        for (const message of deps.greeting()) transmit(socket, message);
        outbox.sendAgain();
      });
      socket.on('message', (data) => {
        receive(socket, data).catch((err) => {
          log.error({ err }, 'a message of the control plane could not be handled');
          socket.terminate();
        });
      });
      socket.on('unexpected-response', (request, response) => {
        request.destroy();
        log.debug({ status: response.statusCode }, 'the control plane refused the channel');
        end(response.statusCode === 401 ? 'refused' : 'closed');
      });
      socket.on('error', (err) => log.debug({ err }, 'the link to the control plane failed'));
      socket.on('close', () => end('closed'));

      function end(how: LinkEnd): void {
        clearInterval(watching);
        if (current === socket) current = undefined;
        resolve(how);
      }
    });
  }

  async function attempt(): Promise<void> {
    const credential = await enrolment.credential();
    if (credential === undefined) return;
    const linked = link(credential);
    if ((await linked) === 'refused') await enrolment.refused();
    else if (failures === 0 && !closing.signal.aborted) log.info('the link to the control plane is down');
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      failures++;
      try {
        await attempt();
      } catch (err) {
        log.warn({ err }, 'the control plane could not be reached');
      }
      if (closing.signal.aborted) return;
      const ceiling = Math.min(timings.backoffMaxMs, timings.backoffMinMs * 2 ** Math.min(failures, 10));
      // Half of it random, so that the workers of a restarted control plane don't come all at once.
      await delay(ceiling / 2 + (Math.random() * ceiling) / 2, undefined, { signal: closing.signal }).catch(
        () => undefined,
      );
    }
  }

  return {
    start(): void {
      running ??= run();
    },
    /** False when there is no link; nothing is kept then. */
    send: (message: WorkerMessage): boolean => transmit(current, message),
    isOpen: (): boolean => current?.readyState === WebSocket.OPEN,
    async close(): Promise<void> {
      closing.abort();
      current?.close(1001);
      const socket = current;
      const forced = setTimeout(() => socket?.terminate(), 500);
      await running;
      clearTimeout(forced);
    },
  };
}
