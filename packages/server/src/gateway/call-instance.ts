import { hopRefusedHeader } from '@pipecat-cloud/contract/worker-protocol';
import type { RequestRelay } from './relay-request.js';
import { refusalOf } from './relay-request.js';
import type { Place } from './session-places.js';

export interface InstanceCall {
  path: string;
  contentType: string;
  /** Names and values. */
  headers: Readonly<Record<string, string>>;
  /** As it goes out, byte for byte. */
  body: Buffer;
}
export interface InstanceAnswer {
  status: number;
  contentType: string | undefined;
  body: Buffer;
}

const timeoutMs = 60_000;
const answerLimit = 1024 * 1024;

/**
 * Posts something of the platform's own to the instance of a session, also where callers may not. Resolves with whatever it answers;
 * throws 404 where the session has ended, 502 where it can't be reached, says too much, or answers with a status that ends no request.
 */
export function callInstance(relay: RequestRelay, place: Place, call: InstanceCall): Promise<InstanceAnswer> {
  return new Promise((resolve, reject) => {
    const { path, contentType, body, headers } = call;
    const sent = relay.open(place, path, 'POST', [
      ...['content-type', contentType, 'content-length', String(body.length)],
      ...Object.entries(headers).flat(),
    ]);
    const fail = (status: number) => {
      clearTimeout(timer);
      sent.destroy();
      reject(refusalOf(status, place.sessionId));
    };
    const timer = setTimeout(() => fail(502), timeoutMs);
    sent.on('error', () => fail(502));
    sent.on('upgrade', () => fail(502));
    sent.once('response', (answer) => {
      const refused = answer.headers[hopRefusedHeader];
      const { statusCode = 0 } = answer;
      answer.on('error', () => fail(502));
      if (refused !== undefined) return fail(Number(refused));
      if (statusCode < 200) return fail(502);
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        if (size > answerLimit) fail(502);
      });
      answer.once('close', () => {
        if (!answer.complete) return fail(502);
        clearTimeout(timer);
        resolve({ status: statusCode, contentType: answer.headers['content-type'], body: Buffer.concat(chunks) });
      });
    });
    sent.end(body);
  });
}
