import type { WebSocket } from 'ws';
import type { AgentSocket } from './types.js';

/** Frames that may wait for the reader before the sender is held back. */
const HIGH_WATER = 256;

const PING_MS = 20_000;

export interface AgentSocketOptions {
  readonly ws: WebSocket;
  /** Runs once, with the close code. */
  readonly onClose: (code: number) => void;
  /** A peer that answers no ping for this long is gone. */
  readonly pingMs?: number;
}

/** Wraps an open socket. */
export function createAgentSocket({ ws, onClose, pingMs = PING_MS }: AgentSocketOptions): AgentSocket {
  const heartbeat = startHeartbeat(ws, pingMs);
  const waiting: (string | Buffer)[] = [];
  let wake: (() => void) | undefined;
  let closing = false;

  ws.on('message', (data, isBinary) => {
    if (closing) return;
    const frame = Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data);
    waiting.push(isBinary ? frame : frame.toString('utf8'));
    if (waiting.length >= HIGH_WATER) ws.pause();
    wake?.();
  });
  ws.on('error', () => {}); // A broken socket also closes, and the close is what matters.
  ws.once('close', (code) => {
    clearInterval(heartbeat);
    wake?.();
    onClose(code);
  });

  async function* frames(): AsyncGenerator<string | Buffer> {
    for (;;) {
      const frame = waiting.shift();
      if (frame !== undefined) {
        if (ws.isPaused && waiting.length < HIGH_WATER / 2) ws.resume();
        yield frame;
      } else if (ws.readyState === ws.CLOSED) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }

  return {
    get open() {
      return ws.readyState === ws.OPEN;
    },
    send(frame) {
      if (ws.readyState !== ws.OPEN) return Promise.resolve(false);
      return new Promise((resolve) => ws.send(frame, (error) => resolve(!error)));
    },
    close(code = 1000, reason = '') {
      // A paused socket would never see the peer's half of the closing handshake.
      closing = true;
      if (ws.isPaused) ws.resume();
      ws.close(code, reason);
    },
    [Symbol.asyncIterator]: frames,
  };
}

/** Finds peers that vanished without closing, which would otherwise hold the instance until the session limit. */
function startHeartbeat(ws: WebSocket, pingMs: number): NodeJS.Timeout {
  let answered = true;
  ws.on('pong', () => {
    answered = true;
  });
  return setInterval(() => {
    if (ws.isPaused || ws.readyState !== ws.OPEN) return; // Held back by us: a pong could not be read.
    if (!answered) {
      ws.terminate();
      return;
    }
    answered = false;
    ws.ping();
  }, pingMs);
}
