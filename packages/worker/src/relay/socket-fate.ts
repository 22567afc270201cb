import type { AllowedHop } from './hop.js';

export type Side = 'caller' | 'instance';

/**
 * What becomes of the session that a socket makes. It is told once, by whichever comes first; `makes` is false for all other sockets, of
 * which nothing is told.
 */
export function createSocketFate(tenancy: AllowedHop['tenancy'], makes: boolean, onError: (error: unknown) => void) {
  let open = makes;
  let closedBy: Side | undefined;
  let last: Buffer = Buffer.alloc(0);

  function tell(say: () => Promise<void>): void {
    if (!open) return;
    open = false;
    say().catch(onError);
  }

  return {
    accepted(): void {
      if (makes) tenancy.socketAccepted();
    },
    refused: (status: number): void => tell(() => tenancy.socketRefused(status)),
    unreachable: (): void => tell(() => tenancy.socketUnreachable()),
    /** The newest bytes of the instance. */
    heard(chunk: Buffer): void {
      last = chunk;
    },
    /** Both sides are about to be cut, because of this one. */
    brokenBy(side: Side): void {
      closedBy ??= side;
    },
    closed(by: Side): void {
      closedBy ??= by;
      const cutOff = closedBy === 'instance' && !endsWithClose(last);
      tell(() => tenancy.socketClosed(cutOff));
    },
  };
}
export type SocketFate = ReturnType<typeof createSocketFate>;

const closeFrame = 0x88;
const longestCloseFrame = 127;

/** Whether a server's last bytes are a close frame (RFC 6455 §5.5.1): who says goodbye has not crashed. */
function endsWithClose(bytes: Buffer): boolean {
  for (let at = Math.max(0, bytes.length - longestCloseFrame); at + 2 <= bytes.length; at++)
    if (bytes[at] === closeFrame && bytes[at + 1] === bytes.length - at - 2) return true;
  return false;
}
