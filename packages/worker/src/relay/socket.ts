import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { hopRefusedHeader } from '@pipecat-cloud/contract/worker-protocol';
import type { Logger } from 'pino';
import { forInstance } from './headers.js';
import type { AllowedHop } from './hop.js';
import type { Relays } from './relays.js';

export interface SocketRelayDeps {
  relays: Relays;
  log: Logger;
}

/** One side may close a little later than the other, then both are ended. */
const halfOpenMs = 5000;
const statusLine = /^HTTP\/1\.[01] (\d{3})/;
const statusLineLength = 12;

/**
 * Splices an upgrade to the instance: the request is sent again with its path, then bytes pass both ways, close codes included.
 * The first `/ws` of a `socket` session makes that session, and its close, by either side, ends it.
 */
export async function relaySocket(
  { relays, log }: SocketRelayDeps,
  hop: AllowedHop,
  req: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const { address, path, sessionId, tenancy, instance } = hop;
  const target = new URL(address);
  const client = socket as Socket;
  let upstream: Socket | undefined;
  let answered = false;
  let unreachable = false;
  let closedBy: 'caller' | 'instance' | undefined;
  let last: Buffer = Buffer.alloc(0);
  const destroy = () => {
    client.destroy();
    upstream?.destroy();
  };
  const ended = relays.track(instance.id, destroy);
  client.on('error', destroy);
  client.on('close', ended);

  // Noted before the first byte goes out, so that a restart of the worker knows that a bot may run.
  const primary = /^\/ws\/?(\?|$)/.test(path) && (await tenancy.takeSocket());
  const failed = (err: unknown) =>
    log.error({ err, instanceId: instance.id }, 'a relayed socket left its session open');
  const closed = (by: 'caller' | 'instance') => {
    closedBy ??= by;
    const cutOff = closedBy === 'instance' && !endsWithClose(last);
    if (primary && !unreachable) tenancy.socketClosed(cutOff).catch(failed);
  };
  if (client.destroyed) return closed('caller');

  upstream = connect({ host: target.hostname, port: Number(target.port), allowHalfOpen: true });
  const instanceSide = upstream;
  instanceSide.on('connect', () => {
    for (const side of [client, instanceSide]) side.setNoDelay(true).setKeepAlive(true, 15_000);
    instanceSide.write(requestHead(req, path, target.host, sessionId));
    if (head.length > 0) instanceSide.write(head);
    client.pipe(instanceSide);
  });
  onStatus(instanceSide, client, (status) => {
    answered = true;
    if (!primary) return;
    if (status === 101) tenancy.socketAccepted();
    else tenancy.socketRefused(status).catch(failed);
  });
  instanceSide.on('data', (chunk: Buffer) => {
    last = chunk;
  });
  instanceSide.on('error', (error) => {
    closedBy ??= 'instance';
    if (answered || instanceSide.bytesWritten > 0 || client.destroyed) return destroy();
    unreachable = true;
    log.debug({ err: error, instanceId: instance.id }, 'an instance did not accept a relayed socket');
    if (primary) tenancy.socketUnreachable().catch(failed);
    client.end(upgradeRefusal(502, 'The agent did not accept the connection'));
  });
  for (const [side, other, name] of [
    [client, instanceSide, 'caller'],
    [instanceSide, client, 'instance'],
  ] as const) {
    side.on('end', () => {
      closed(name);
      setTimeout(() => other.destroy(), halfOpenMs).unref();
    });
    side.on('close', () => {
      closed(name);
      other.end();
      setTimeout(() => other.destroy(), halfOpenMs).unref();
    });
  }
}

const closeFrame = 0x88;
const longestCloseFrame = 127;

/** Whether a server's last bytes are a close frame (RFC 6455 §5.5.1): who says goodbye has not crashed. */
function endsWithClose(bytes: Buffer): boolean {
  for (let at = Math.max(0, bytes.length - longestCloseFrame); at + 2 <= bytes.length; at++)
    if (bytes[at] === closeFrame && bytes[at + 1] === bytes.length - at - 2) return true;
  return false;
}

/** Passes the instance's bytes on and tells the status of its answer once it is known. */
function onStatus(from: Socket, to: Socket, tell: (status: number) => void): void {
  let seen = Buffer.alloc(0);
  function look(chunk: Buffer): void {
    seen = Buffer.concat([seen, chunk]);
    if (seen.length < statusLineLength) return;
    from.off('data', look);
    from.pause();
    tell(Number(statusLine.exec(seen.toString('latin1'))?.[1] ?? 502));
    to.write(seen);
    from.pipe(to);
  }
  from.on('data', look);
}

function requestHead(req: IncomingMessage, path: string, host: string, sessionId: string): string {
  const headers = forInstance(req.rawHeaders, host, sessionId);
  const lines = [`${req.method} ${path} HTTP/1.1`, 'connection: Upgrade', `upgrade: ${req.headers.upgrade}`];
  for (let at = 0; at + 1 < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** A whole HTTP answer to an upgrade that is not made, with the error envelope of contract §2.1. */
export function upgradeRefusal(status: number, message: string): string {
  const body = JSON.stringify({ error: message, code: String(status) });
  const head = [
    `HTTP/1.1 ${status} Refused`,
    'content-type: application/json',
    `${hopRefusedHeader}: ${status}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}
