import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Session, serve } from '@pipecat-cloud/agent';

/** What a start request may say; the bot does these in this order. */
interface ProbeBody {
  /** Prints all of its environment, through the log and past it. */
  environment?: boolean;
  /** Echoes on this socket until it closes, and logs every second that it is still there. */
  dial?: string;
  /** Stays this long. */
  seconds?: number;
  /** Throws an error that quotes this variable. */
  failWith?: string;
  /** Ends its process with this exit code. */
  exitWith?: number;
}

async function bot(session: Session): Promise<void> {
  const body = (session.body ?? {}) as ProbeBody;
  if (body.environment) printEnvironment(session);
  const beat = beats(session);
  try {
    if (session.socket) for await (const frame of session.socket) await session.socket.send(frame);
    else if (body.dial !== undefined) await echo(session, body.dial);
    await sleep((body.seconds ?? 0) * 1000, undefined, { signal: session.signal }).catch(() => {});
  } finally {
    clearInterval(beat);
  }
  if (body.exitWith !== undefined) process.exit(body.exitWith);
  session.log.info('the probe is done');
  if (body.failWith !== undefined) throw new Error(`refused by a service with ${process.env[body.failWith]}`);
}

function beats(session: Session): NodeJS.Timeout {
  let count = 0;
  return setInterval(() => {
    count += 1;
    session.log.info(`beat ${count}`);
  }, 250);
}

function printEnvironment(session: Session): void {
  for (const [name, value] of Object.entries(process.env)) {
    session.log.info(`${name}=${value}`);
    process.stdout.write(`stdout ${name}=${value}\n`);
    process.stderr.write(`stderr ${name} = "${value}"\n`);
    process.stdout.write(`${JSON.stringify({ [name]: value })}\n`);
  }
}

async function echo(session: Session, address: string): Promise<void> {
  const socket = new WebSocket(address);
  socket.binaryType = 'arraybuffer';
  socket.addEventListener('message', ({ data }) => socket.send(data));
  socket.addEventListener('error', () => session.log.error('the dialled socket failed'));
  session.signal.addEventListener('abort', () => socket.close());
  await once(socket, 'close');
}

await serve({
  bot,
  routes: {
    /** Prints its environment once more. */
    'POST /print': (_request, { session }) => {
      if (session) printEnvironment(session);
      return { printed: Boolean(session) };
    },
  },
});
