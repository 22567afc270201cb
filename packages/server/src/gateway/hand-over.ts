import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import {
  type ConnectionHandle,
  canBeHandedOver,
  type HandOverMessage,
  type Taken,
  takeOut,
} from '@pipecat-cloud/contract/hand-over';

/** What a worker may have instead of being sent all that a caller says. */
export interface Offer {
  id: string;
  /** Undefined where the caller has left, or was told to. */
  take(): Taken | undefined;
  /** Gives the connection away, once the worker has all that was said on it. Undefined tells the worker that nothing will come. */
  give(handle: ConnectionHandle | undefined): void;
}

export interface HandOver {
  /** Undefined where the connection has to stay with this process. */
  offer(client: Duplex): Offer | undefined;
}

/** To the process that has started this one: Node's own `process.send`, which calls back with or without success. */
export type SendUp = (message: HandOverMessage, handle: ConnectionHandle | undefined, sent: () => void) => unknown;

/**
 * Hands callers' connections to the worker that `supervisor` has started beside this control plane: their sockets then cost one process
 * instead of two, and outlive this one. Workers of other supervisors do not take them.
 */
export function createHandOver(supervisor: string | undefined, send: SendUp | undefined): HandOver {
  return {
    offer(client) {
      if (!supervisor || !send || !canBeHandedOver(client)) return undefined;
      const id = `${supervisor}/${randomUUID()}`;
      return {
        id,
        take: () => takeOut(client),
        give: (handle) => void send({ type: 'hand-over', offer: id }, handle, () => handle?.close()),
      };
    },
  };
}
