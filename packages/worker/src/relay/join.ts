import type { OnReadOpts, Socket } from 'node:net';
import { type ConnectionHandle, socketOf } from '@pipecat-cloud/contract/hand-over';

/** A machine that vanishes says nothing. */
const keepAliveMs = 15_000;
/** What all sockets read into: memory of its own for each piece would cost more than all else that is done with it. */
const readInto = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Joins two connections byte for byte. Each waits for the other to take what it sends, so that nothing piles up here, and ends with it.
 * `heard` is told the newest bytes of the instance.
 */
export function join(
  callerHandle: ConnectionHandle,
  instanceHandle: ConnectionHandle,
  heard: (chunk: Buffer) => void,
): { caller: Socket; instance: Socket } {
  const caller: Socket = socketOf(
    callerHandle,
    passOn(() => [caller, instance]),
  );
  const instance: Socket = socketOf(
    instanceHandle,
    passOn(() => [instance, caller], heard),
  );
  for (const side of [caller, instance]) side.setNoDelay(true).setKeepAlive(true, keepAliveMs);
  caller.once('end', () => instance.end());
  instance.once('end', () => caller.end());
  return { caller, instance };
}

function passOn(sides: () => readonly [from: Socket, to: Socket], heard?: (chunk: Buffer) => void): OnReadOpts {
  return {
    buffer: readInto,
    callback(length) {
      // The system may take it later, when others have read since.
      const chunk = Buffer.from(readInto.subarray(0, length));
      heard?.(chunk);
      const [from, to] = sides();
      if (to.write(chunk)) return true;
      to.once('drain', () => from.resume());
      return false;
    },
  };
}
