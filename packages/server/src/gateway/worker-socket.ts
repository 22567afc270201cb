import { type IncomingMessage, request, STATUS_CODES } from 'node:http';
import { request as requestSecurely } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { failpoint } from '@pipecat-cloud/contract/failpoint';
import { handOverHeader } from '@pipecat-cloud/contract/hand-over';
import { isPlatformHeader, passOn } from '@pipecat-cloud/contract/relay-headers';
import { endWith, type Held, passRefusalOn, upgradedHead } from '@pipecat-cloud/contract/relay-upgrade';
import { hopHeader, hopRefusedHeader } from '@pipecat-cloud/contract/worker-protocol';
import { AppError, tooLarge } from '../errors.js';
import type { HopSigner } from '../workers/hop-signer.js';
import type { Offer } from './hand-over.js';
import { notForCallers, refusalOf } from './relay-request.js';
import type { Place } from './session-places.js';

/** An agent may think about an upgrade for this long. */
const answerTimeoutMs = 30_000;
/** One side may close a little later than the other, and take what is on its way to it, then both are ended. */
const closingMs = 5000;

/** An instance's own answer to an upgrade. */
export interface UpgradeAnswer {
  answer: IncomingMessage;
  /** Undefined where the upgrade was not made. */
  upgraded: Upgraded | undefined;
}

export interface Upgraded {
  /** The connection to the worker. */
  socket: Socket;
  /** What followed the answer's head so far. */
  rest: Buffer;
  /** Where the worker takes over the caller's connection; it says nothing else on its own. */
  wanted: Offer | undefined;
}

/**
 * Asks a worker to pass an upgrade on to the session's instance, and sends nothing else. `headers` are names and values in turn, `offer`
 * is the caller's connection, which it may take over. Resolves with the instance's own answer, whatever it is; rejects with a refusal where
 * the worker can't be reached or does not hold the session.
 */
export function openWorkerSocket(
  hops: HopSigner,
  place: Place,
  path: string,
  headers: readonly string[],
  offer: Offer | undefined,
): Promise<UpgradeAnswer> {
  const target = new URL(place.dataUrl);
  return new Promise((resolve, reject) => {
    const asked = (target.protocol === 'https:' ? requestSecurely : request)(target, {
      agent: false,
      path: `/instances/${place.instanceId}${path}`,
      headers: [
        ...['host', target.host, hopHeader, hops.sign(place)],
        ...(offer ? [handOverHeader, offer.id] : []),
        ...headers,
      ],
    });
    const fail = (status: number) => {
      clearTimeout(timer);
      asked.destroy();
      reject(refusalOf(status, place.sessionId));
    };
    const timer = setTimeout(() => fail(503), answerTimeoutMs);
    // What answers in something that is no HTTP was reached.
    asked.on('error', ({ code }: NodeJS.ErrnoException) => fail(code?.startsWith('HPE_') ? 502 : 503));
    asked.on('response', (answer) => {
      answer.on('error', () => undefined);
      const refused = answer.headers[hopRefusedHeader];
      if (refused !== undefined) return fail(Number(refused));
      // 101 as well where it names no protocol.
      if ((answer.statusCode ?? 0) < 200) return fail(502);
      clearTimeout(timer);
      resolve({ answer, upgraded: undefined });
    });
    asked.on('upgrade', (answer, socket, rest) => {
      clearTimeout(timer);
      // For as long as it lives: also between this and whoever takes it over.
      socket.on('error', () => socket.destroy());
      // A machine that vanishes says nothing.
      socket.setNoDelay(true).setKeepAlive(true, 15_000);
      const wanted = offer && answer.headers[handOverHeader] === offer.id ? offer : undefined;
      resolve({ answer, upgraded: { socket, rest, wanted } });
    });
    asked.end();
  });
}

/** Gives an upgrade the instance's answer, and joins the two where it is made. */
export function passUpgradeOn(
  request: IncomingMessage,
  client: Duplex,
  { answer, upgraded }: UpgradeAnswer,
  waiting: Held,
): void {
  const said = waiting.release();
  if (upgraded) join(client, upgraded, Buffer.concat([upgradedHead(answer), upgraded.rest]), said);
  else if (isLeft(client)) answer.destroy();
  else passRefusalOn(request, client, answer, refusalHeaders(answer));
}

/** As for all answers to whoever showed a credential, unless the agent has thought about it. */
function refusalHeaders({ headers, rawHeaders }: IncomingMessage): string[] {
  const ours = headers['cache-control'] === undefined ? ['cache-control', 'no-store'] : [];
  return [...ours, ...passOn(rawHeaders, notForCallers)];
}

/** Whether nobody is there any more to be told anything: the client has gone, or was told why it has to. */
export const isLeft = (client: Duplex): boolean => client.destroyed || client.writableEnded;

/**
 * Joins two connections byte for byte until both are closed, after each was told what has come for it so far. Each waits for the other
 * to take what it sends, so that nothing piles up here. Where the worker wants the caller's connection, it is given away instead.
 */
export function join(client: Duplex, upgraded: Upgraded, forClient: Buffer, forInstance: Buffer): void {
  const { socket, wanted } = upgraded;
  if (wanted) {
    giveAway(client, socket, wanted, forClient, forInstance);
    return;
  }
  // One that has closed already will not say so again.
  if (isLeft(client) || socket.destroyed) {
    if (!client.writableEnded) client.destroy();
    socket.destroy();
    return;
  }
  if (forClient.length > 0) client.write(forClient);
  if (forInstance.length > 0) socket.write(forInstance);
  if ('setNoDelay' in client) (client as Socket).setNoDelay(true).setKeepAlive(true, 15_000);
  socket.pipe(client);
  client.pipe(socket);
  closeAfter(client, socket);
  closeAfter(socket, client);
}

/** The worker goes on once this process has said its last word. */
function giveAway(client: Duplex, socket: Socket, wanted: Offer, forClient: Buffer, said: Buffer): void {
  const give = async () => {
    await failpoint('socket.handing');
    const taken = wanted.take();
    if (!taken) {
      wanted.give(undefined);
      return void socket.destroy();
    }
    // Were the connection sent earlier, what was said could be cut off by an end of this process, and nobody would see that.
    socket.end(Buffer.concat([said, taken.said]), (error?: Error | null) =>
      error ? taken.handle.close() : wanted.give(taken.handle),
    );
    setTimeout(() => socket.destroy(), closingMs).unref();
  };
  const orNobody = () => void give().catch(() => socket.destroy());
  // A worker that is gone before it was given the caller does not answer it any more.
  socket.resume().once('close', () => {
    if (!isLeft(client)) client.destroy();
  });
  if (isLeft(client) || socket.destroyed) orNobody();
  else client.write(forClient, orNobody);
}

function closeAfter(side: Duplex, other: Duplex): void {
  side.on('error', () => side.destroy());
  side.once('close', () => {
    other.end();
    setTimeout(() => other.destroy(), closingMs).unref();
  });
}

/** What a caller says to this server is not for the agent; nor is a body, which no upgrade has. */
const withheld = (name: string) =>
  ['host', 'authorization', 'cookie', 'content-length'].includes(name) || isPlatformHeader(name);

/** The client's own WebSocket headers pass; what names the platform or carries the credential does not. */
export const upgradeHeaders = ({ rawHeaders }: IncomingMessage): string[] => [
  ...['Connection', 'Upgrade', 'Upgrade', 'websocket'],
  ...passOn(rawHeaders, withheld),
];

/** Answers an upgrade with an HTTP error, as JSON, before anything was started. */
export function refuseUpgrade(socket: Duplex, error: unknown): void {
  const refusal = error instanceof AppError ? error : new AppError(500, '500', 'Internal server error');
  const { message, code, details } = refusal;
  const text = JSON.stringify({ error: message, code, ...details, info: message });
  const headers = Object.entries({
    ...refusal.headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
  });
  const head = `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  endWith(socket, head + text);
}

export const refuseTooMuch = (client: Duplex): void =>
  refuseUpgrade(client, tooLarge('Too much was sent before the upgrade was answered'));
