import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { JsonValue } from './types.js';

/** A request that can't be served. `message` goes to the caller as `{ "detail": message }`, like the base image's. */
export class RefusedError extends Error {
  override name = 'RefusedError';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Above every limit of the platform for a start body. */
const MAX_BODY_BYTES = 10 * 1024 * 1024;

/** Answers with JSON; does nothing when the caller has gone. */
export function sendJson(res: ServerResponse, status: number, body: JsonValue): void {
  if (res.destroyed || res.headersSent) return;
  const text = JSON.stringify(body);
  res.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  res.end(text);
}

/** Answers an upgrade request without upgrading. */
export function refuseUpgrade(socket: Duplex, status: number, detail: string): void {
  const text = JSON.stringify({ detail });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
}

/** Reads a JSON object; anything else is refused with 422 (contract §9.3). */
export async function readJsonObject(req: IncomingMessage): Promise<{ [key: string]: JsonValue }> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size += chunk.length;
    // The rest is read and dropped: leaving the loop would close the connection before the answer is out.
    if (size > MAX_BODY_BYTES) chunks.length = 0;
    else chunks.push(chunk);
  }
  if (size > MAX_BODY_BYTES) throw new RefusedError(413, `The body is larger than ${MAX_BODY_BYTES} bytes.`);
  let body: JsonValue;
  try {
    body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new RefusedError(422, 'The body is not JSON. Send a JSON object, {} when there is nothing to say.');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new RefusedError(422, 'The body is not a JSON object. Send {} when there is nothing to say.');
  }
  return body;
}

/** One value of a header that is sent once. */
export function header(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name];
  const first = Array.isArray(value) ? value[0] : value;
  return first || undefined;
}
