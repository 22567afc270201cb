import { Agent, request } from 'node:http';
import type { Activation } from '@pipecat-cloud/contract/worker';
import type { Driver } from '../drivers/driver.js';
import { connectionTo } from './dial.js';

export interface HeldBot {
  /** The status that `/bot` answered with, or undefined when the connection broke first. Never rejects. */
  result: Promise<number | undefined>;
  /** Lets go of the connection; the bot may go on. */
  release(): void;
}

/** A request that is not taken by then never will be: the port is there but nobody accepts. */
const acceptTimeoutMs = 10_000;

/**
 * Posts the activation to `/bot` and holds the request for as long as the session lasts, without any timeout (contract §9.6).
 * Resolves once the request is written to an accepted connection of that instance; rejects when it could not be, and then no bot was started.
 */
export function holdBot(
  driver: Pick<Driver, 'runs'>,
  { id, address }: { id: string; address: string },
  activation: Activation,
): Promise<HeldBot> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify(isObject(activation.body) ? activation.body : {});
    const createConnection = connectionTo(driver.runs, id);
    const post = request(`${address}/bot`, {
      method: 'POST',
      // Of a driver that can't tell, by an agent of its own: none, and none that is kept.
      ...(createConnection ? { createConnection } : { agent: new Agent({ keepAlive: false }) }),
      headers: { ...headersOf(activation), 'content-length': Buffer.byteLength(body) },
    });
    let answered: (status: number | undefined) => void = () => undefined;
    const result = new Promise<number | undefined>((settle) => {
      answered = settle;
    });
    const late = setTimeout(
      () => post.destroy(new Error(`it did not take the request within ${acceptTimeoutMs / 1000} s`)),
      acceptTimeoutMs,
    );
    const accepted = () => {
      clearTimeout(late);
      resolve({ result, release: () => post.destroy() });
    };
    post.on('socket', (socket) => socket.setNoDelay(true).setKeepAlive(true, 30_000));
    post.on('finish', accepted);
    post.on('response', (response) => {
      accepted(); // Some servers refuse before they have read everything.
      response.resume();
      response.on('end', () => answered(response.complete ? response.statusCode : undefined));
      response.on('close', () => answered(undefined));
      response.on('error', () => answered(undefined));
    });
    const broken = (error: Error) => {
      clearTimeout(late);
      reject(error);
      answered(undefined);
    };
    post.on('error', broken);
    // All that tells of an agent that switches protocols unasked.
    post.on('close', () => broken(new Error('it closed the connection')));
    post.end(body);
  });
}

/** Contract §9.4. */
function headersOf({ sessionId, transport, room, maxSessionSeconds }: Activation): Record<string, string> {
  return {
    'content-type': 'application/json',
    'x-daily-session-id': sessionId,
    ...(transport === undefined ? {} : { 'x-daily-transport-type': transport }),
    ...(room ? { 'x-daily-room-url': room.url, 'x-daily-room-token': room.token } : {}),
    'x-pcc-max-session-seconds': String(maxSessionSeconds),
  };
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
