import { type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { failpoint } from '@pipecat-cloud/contract/failpoint';
import { type ConnectionHandle, handOverHeader, takeOut } from '@pipecat-cloud/contract/hand-over';
import { endWith, hold, passRefusalOn, upgradedHead } from '@pipecat-cloud/contract/relay-upgrade';
import { hopRefusedHeader } from '@pipecat-cloud/contract/worker-protocol';
import type { Logger } from 'pino';
import type { Driver } from '../drivers/driver.js';
import { leadsTo } from '../instances/dial.js';
import type { HandOvers } from './hand-overs.js';
import { forInstance, fromInstance } from './headers.js';
import type { AllowedHop } from './hop.js';
import { join } from './join.js';
import type { Relays } from './relays.js';
import { createSocketFate } from './socket-fate.js';

export interface SocketRelayDeps {
  runs: Driver['runs'];
  relays: Relays;
  handOvers: HandOvers;
  log: Logger;
}

/** One side may close a little later than the other, then both are ended. */
const halfOpenMs = 5000;
const nothing = Buffer.alloc(0);

/**
 * Passes an upgrade on to the instance, with its path. Once that has answered 101, and not before, bytes pass both ways, close codes
 * included; any other answer is passed on and ends the connection. Where the control plane offers its caller's connection, that takes
 * the place of the one to the control plane: the 101 asks for it, and what is said follows there.
 * The first `/ws` of a `socket` session makes that session, and its close, by either side, ends it.
 */
export async function relaySocket(
  { runs, relays, handOvers, log }: SocketRelayDeps,
  hop: AllowedHop,
  req: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const { address, path, tenancy, instance } = hop;
  let client = socket as Socket;
  let upstream: Socket | undefined;
  const destroy = () => {
    client.destroy();
    upstream?.destroy();
  };
  const ended = relays.track(instance.id, destroy);
  client.on('error', destroy);
  client.on('close', ended);
  const waiting = hold(client, head, destroy);

  // Noted before the first byte goes out, so that a restart of the worker knows that a bot may run.
  const makes = /^\/ws\/?(\?|$)/.test(path) && (await tenancy.takeSocket());
  const fate = createSocketFate(tenancy, makes, (err) =>
    log.error({ err, instanceId: instance.id }, 'a relayed socket left its session open'),
  );
  if (client.destroyed) return fate.closed('caller');

  const target = new URL(address);
  const instanceSide = connect({ host: target.hostname, port: Number(target.port), allowHalfOpen: true });
  upstream = instanceSide;
  let reached = false;
  instanceSide.once('connect', () => {
    reached = true;
  });
  instanceSide.on('error', () => fate.brokenBy('instance'));
  const stopAttending = endAfter(client, instanceSide, () => fate.closed('caller'));

  if (runs && !(await leadsTo(runs, instance.id, instanceSide))) {
    instanceSide.destroy();
    if (client.destroyed) return fate.closed('caller');
    fate.unreachable();
    return endWith(client, notAccepted);
  }
  const asked = ask(instanceSide, req, hop, target.host);
  asked.on('upgrade', (answer, _socket, rest) => {
    instanceSide.on('error', destroy);
    if (client.destroyed) return;
    fate.accepted();
    fate.heard(rest);
    // Its end is not the caller's any more.
    stopAttending();
    client.off('error', destroy).off('close', ended);
    const said = waiting.release();
    const offer = String(req.headers[handOverHeader]);
    const handed = handOvers.expect(offer);
    if (handed) {
      client.write(upgradedHead(answer, [`${handOverHeader}: ${offer}`]));
      takeOver(handed, said, rest).catch(destroy);
      return;
    }
    const taken = takeOut(client);
    begin(taken?.handle, taken && Buffer.concat([said, taken.said]), upgradedHead(answer), rest);
  });
  let answered: IncomingMessage | undefined;
  asked.on('response', (answer) => {
    answered = answer;
    answer.once('close', () => instanceSide.destroy());
    waiting.release();
    // 101 as well where it names no protocol.
    const { statusCode = 0 } = answer;
    if (statusCode < 200) return notUnderstood();
    fate.refused(statusCode);
    passRefusalOn(req, client, answer, fromInstance(answer.rawHeaders));
  });
  asked.on('error', (error: NodeJS.ErrnoException) => {
    // Its answer is whole: whatever it has said behind that changes nothing.
    if (answered?.complete) return;
    fate.brokenBy('instance');
    log.debug({ err: error, instanceId: instance.id }, 'an instance did not accept a relayed socket');
    if (!client.destroyed && !reached) {
      fate.unreachable();
      return endWith(client, notAccepted);
    }
    if (!client.destroyed && !answered && error.code?.startsWith('HPE_')) return notUnderstood();
    fate.closed('instance');
    destroy();
  });
  asked.end();

  /** Goes on with the caller itself, whose first words come from the control plane: all of them, or the caller is let go of. */
  async function takeOver(handed: Promise<ConnectionHandle | undefined>, first: Buffer, rest: Buffer): Promise<void> {
    const [caller, more] = await Promise.all([handed, allOf(client)]);
    client.destroy();
    const failed = await failpoint('socket.handed')?.catch((error: Error) => error);
    begin(caller, more && !failed ? Buffer.concat([first, more]) : undefined, nothing, rest);
  }

  /**
   * Joins the caller with the instance, after each was told what has come for it so far, unless the caller has left or the session has
   * ended meanwhile. `rest` is the last that the instance has said.
   */
  function begin(caller: ConnectionHandle | undefined, said: Buffer | undefined, head: Buffer, rest: Buffer): void {
    const agent = caller && said && takeOut(instanceSide);
    if (!agent) {
      caller?.close();
      instanceSide.destroy();
      fate.closed('caller');
      ended();
      return;
    }
    const joined = join(caller, agent.handle, fate.heard);
    client = joined.caller
      .on('error', () => fate.brokenBy('caller'))
      .on('error', destroy)
      .on('close', ended);
    upstream = joined.instance.on('error', () => fate.brokenBy('instance')).on('error', destroy);
    endAfter(client, upstream, () => fate.closed('caller'));
    endAfter(upstream, client, () => fate.closed('instance'));
    const heard = Buffer.concat([rest, agent.said]);
    fate.heard(heard);
    client.write(Buffer.concat([head, heard]));
    upstream.write(said);
  }

  /** It answered, in something that is no answer. */
  function notUnderstood(): void {
    fate.refused(502);
    instanceSide.destroy();
    endWith(client, notAccepted);
  }
}

const ask = (instanceSide: Socket, req: IncomingMessage, { path, sessionId }: AllowedHop, host: string) =>
  request({
    createConnection: () => instanceSide,
    method: req.method ?? 'GET',
    // As it came: parsing and printing it again would change what the instance sees.
    path,
    headers: [
      ...['connection', 'Upgrade', 'upgrade', req.headers.upgrade ?? 'websocket'],
      ...forInstance(req.rawHeaders, host, sessionId),
    ],
  });

/** What comes there until its end; undefined where it breaks off. */
async function allOf(socket: Socket): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of socket) chunks.push(chunk as Buffer);
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}

/** Until the result is called. */
function endAfter(side: Socket, other: Socket, closed: () => void): () => void {
  const destroySoon = () => setTimeout(() => other.destroy(), halfOpenMs).unref();
  const onEnd = () => {
    closed();
    destroySoon();
  };
  const onClose = () => {
    closed();
    other.end();
    destroySoon();
  };
  side.on('end', onEnd).on('close', onClose);
  return () => void side.off('end', onEnd).off('close', onClose);
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

const notAccepted = upgradeRefusal(502, 'The agent did not accept the connection');
