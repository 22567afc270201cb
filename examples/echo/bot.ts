import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AgentSocket, type Session, serve } from '@pipecat-cloud/agent';

/** What a start request may say. */
interface EchoBody {
  /** Stay this long. Without it a plain session stays until `POST /finish`, 60 s at most. */
  seconds?: number;
  /** Echo on this socket instead: how a bot meets a media server. */
  dial?: string;
  /** Lines to log. */
  log?: string[];
  /** Log whether this variable is set, never its value. */
  env?: string;
}

const DEFAULT_SECONDS = 60;

let frames = 0;
let bytes = 0;
let finish = new AbortController();

/** One session: on the caller's socket, on a dialled one, or just present. */
async function bot(session: Session): Promise<void> {
  frames = 0;
  bytes = 0;
  finish = new AbortController();
  const body = (session.body ?? {}) as EchoBody;
  for (const line of body.log ?? []) session.log.info(line);
  if (body.env !== undefined) session.log.info(`${body.env} is ${process.env[body.env] ? 'set' : 'not set'}`);

  if (session.socket) await echo(session, session.socket);
  else if (body.dial !== undefined) await dial(session, body.dial);
  else await stay(session, body.seconds ?? DEFAULT_SECONDS);
}

async function echo(session: Session, socket: AgentSocket): Promise<void> {
  session.log.info('Client connected');
  for await (const frame of socket) {
    count(frame);
    await socket.send(frame);
  }
  session.log.info(`Client disconnected after ${frames} frames, ${bytes} bytes`);
}

async function dial(session: Session, address: string): Promise<void> {
  const socket = new WebSocket(address);
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('message', ({ data }) => {
    count(typeof data === 'string' ? data : new Uint8Array(data));
    socket.send(data);
  });
  socket.addEventListener('open', () => session.log.info('Connected to the dialled socket'));
  // The message may quote the address, which may carry a token, so it stays out of the log.
  socket.addEventListener('error', () => session.log.error('The dialled socket failed'));
  const closed = once(socket, 'close');
  session.signal.addEventListener('abort', () => socket.close());
  finish.signal.addEventListener('abort', () => socket.close());
  await closed;
  session.log.info(`The dialled socket closed after ${frames} frames, ${bytes} bytes`);
}

async function stay(session: Session, seconds: number): Promise<void> {
  session.log.info(`Staying for up to ${seconds} s`);
  const signal = AbortSignal.any([session.signal, finish.signal]);
  await sleep(seconds * 1000, undefined, { signal }).catch(() => {});
  const why = finish.signal.aborted ? 'told to finish' : session.signal.aborted ? 'told to stop' : 'time is up';
  session.log.info(`Leaving: ${why}`);
}

function count(frame: string | Uint8Array): void {
  frames += 1;
  bytes += Buffer.byteLength(frame);
}

await serve({
  bot,
  routes: {
    'GET /status': (_request, { sessionId }) => ({ sessionId, frames, bytes }),
    'POST /say': async (request) => Response.json(await request.json()),
    'POST /finish': () => {
      finish.abort();
      return { finished: true };
    },
  },
});
