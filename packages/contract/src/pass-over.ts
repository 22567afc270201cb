import type { IncomingMessage } from 'node:http';

/** More than what requests to agents usually carry. */
const usualLimitBytes = 64 * 1024 * 1024;

/**
 * Reads on what the caller of an answered request still sends, because most clients look at the answer only when they have sent
 * everything. One that sends more than this is cut off.
 */
export function passOver(body: IncomingMessage, limitBytes = usualLimitBytes): void {
  body.unpipe();
  let bytes = 0;
  body.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > limitBytes) body.destroy();
  });
  body.resume();
}
