// What the prover deploys: speaks the container contract by hand, so that a slip in the agent base is no slip here, and tells what
// it sees to a place outside the product. Begins a second session beside a first one if it is told to: judging is the checker's.
import { createHash, randomUUID } from 'node:crypto';
import { openSync, readFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';

const { sink, organization, agent, version, broken } = JSON.parse(readFileSync(new URL('prove.json', import.meta.url)));
const instance = randomUUID();
const sessions = new Map();
const tell = sink.startsWith('tcp:') ? await tellSocket(new URL(sink)) : tellFile(`${sink}/${instance}.jsonl`);

/** A write before anything else can happen: what is told is told, however this process ends. */
function tellFile(path) {
  const file = openSync(path, 'a', 0o600);
  return (event) => writeSync(file, `${JSON.stringify({ at: now(), ...event })}\n`);
}

/** To the machine that the container runs on: its gateway. */
async function tellSocket({ port }) {
  const socket = connect({ host: gateway(), port: Number(port), noDelay: true });
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  return (event) => socket.write(`${JSON.stringify({ at: now(), ...event })}\n`);
}

/** Of the default route, in the kernel's own words. */
function gateway() {
  const routes = readFileSync('/proc/net/route', 'utf8')
    .split('\n')
    .map((line) => line.split('\t'));
  const hex = routes.find(([, destination]) => destination === '00000000')?.[2] ?? '';
  return [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join('.');
}

function now() {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

const only = () => sessions.keys().next().value ?? null;

tell({
  type: 'boot',
  instance,
  pid: process.pid,
  secretsOf: process.env.PROVE_ORGANIZATION ?? organization,
  codeOf: organization,
  agent,
  version,
});
// As the agent bases do: a line that finds the disk full, or nobody who reads it, ends no session.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
// For the search of secret values: the platform has to take it out of what is printed.
process.stdout.write(`the secret is ${process.env.PROVE_SECRET}\n`);
process.stderr.write(`${JSON.stringify({ environment: process.env })}\n`);
if (broken) process.exit(3);

setInterval(() => {
  for (const session of sessions.keys()) tell({ type: 'beat', instance, session });
  if (sessions.size === 0) tell({ type: 'beat', instance, session: null });
}, 250);

/** The lines by which a platform that was restarted knows which bot runs (contract §9.7). */
function mark(what, session) {
  process.stdout.write(
    `${what} bot session with metadata: ${JSON.stringify({ session_id: session, image_version: 'prove' })}\n`,
  );
}

function begin(session, { request, organization: caller }) {
  tell({ type: 'begin', instance, session, request: String(request), organization: String(caller) });
  mark('Starting', session);
}

function end(session, how) {
  if (!sessions.delete(session)) return;
  tell({ type: 'end', instance, session, how });
  mark('Stopping', session);
}

/** Resolves after so long, or when the session is cut short; at once where it has been told to finish. */
function stay(session, seconds) {
  if (sessions.get(session).over) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    sessions.get(session).cut = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

async function runBot(session, order, answer) {
  sessions.set(session, { order, cut: () => undefined });
  begin(session, order);
  const half = (order.seconds ?? 0) / 2;
  await stay(session, half);
  // Nothing is answered, and no signal is seen.
  if (order.does === 'hang') {
    tell({ type: 'hang', instance, session, until: now() + half * 1000 });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, half * 1000);
  } else await stay(session, half);
  if (order.does === 'crash') {
    end(session, 'crashed');
    process.exit(1);
  }
  if (order.does === 'vanish') {
    end(session, 'crashed');
    process.kill(process.pid, 'SIGKILL');
  }
  if (order.does === 'gorge') {
    end(session, 'crashed');
    const hoard = [];
    for (;;) hoard.push(Buffer.alloc(16 * 1024 * 1024, 1));
  }
  end(session, 'finished');
  answer(order.does === 'fail' ? 500 : 200);
}

process.on('SIGTERM', () => {
  tell({ type: 'told', instance, session: only() });
  const stubborn = [...sessions.values()].some(({ order }) => order.does === 'ignore');
  if (stubborn) return;
  for (const session of [...sessions.keys()]) end(session, 'told');
  process.exit(0);
});

function readBody(request) {
  return new Promise((resolve) => {
    let text = '';
    request.setEncoding('utf8').on('data', (more) => {
      text += more;
    });
    request.on('end', () => resolve(text));
  });
}

const server = createServer(async (request, response) => {
  const path = request.url.split('?')[0];
  const answer = (status, body = {}) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  if (path === '/bot') {
    const session = request.headers['x-daily-session-id'] ?? 'none';
    return await runBot(session, JSON.parse((await readBody(request)) || '{}'), answer);
  }
  if (path === '/who') return answer(200, { instance, session: only() });
  if (path === '/finish') {
    for (const session of sessions.values()) {
      session.over = true;
      session.cut();
    }
    return answer(200);
  }
  answer(path === '/readyz' || path === '/livez' ? 200 : 404);
});

/** Text frames come back as they came; the session lasts as long as the socket, or as long as it lingers. */
server.on('upgrade', (request, socket) => {
  const session = request.headers['x-daily-session-id'] ?? 'none';
  const query = new URL(request.url, 'http://agent').searchParams;
  const order = JSON.parse(Buffer.from((query.get('body') ?? '').replaceAll(' ', '+'), 'base64').toString() || '{}');
  const accept = createHash('sha1').update(
    `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`,
  );
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept.digest('base64')}\r\n\r\n`,
  );
  sessions.set(session, { order, cut: () => undefined });
  begin(session, order);
  const late = setTimeout(
    () => {
      end(session, 'finished');
      socket.end(Buffer.from([0x88, 0]));
    },
    (order.seconds ?? 3600) * 1000,
  );
  let left = Buffer.alloc(0);
  socket.on('data', (bytes) => {
    left = echo(Buffer.concat([left, bytes]), socket);
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    clearTimeout(late);
    // A bot that does not care that its caller has gone.
    if (order.does === 'linger') setTimeout(() => end(session, 'hung-up'), (order.lingers ?? 5) * 1000);
    else end(session, 'hung-up');
  });
});

/** Small masked frames only, which is all that the prover sends. Returns what is not yet a whole one. */
function echo(bytes, socket) {
  let rest = bytes;
  while (rest.length >= 6) {
    const size = rest[1] & 0x7f;
    if (rest.length < 6 + size) break;
    const payload = rest.subarray(6, 6 + size).map((byte, at) => byte ^ rest[2 + (at % 4)]);
    const kind = rest[0] & 0x0f;
    if (kind === 8) socket.end(Buffer.from([0x88, 0]));
    else socket.write(Buffer.concat([Buffer.from([0x80 | (kind === 9 ? 10 : kind), size]), payload]));
    rest = rest.subarray(6 + size);
  }
  return rest;
}

server.keepAliveTimeout = 75_000;
server.listen(Number(process.env.PORT ?? 8080), process.env.HOST ?? '0.0.0.0');
