import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { request as httpRequest } from 'node:http';

/** Opens a request to an http or https URL; loads TLS only where it is needed. */
export async function openRequest(url: string, options: RequestOptions): Promise<ClientRequest> {
  if (!url.startsWith('https:')) return httpRequest(url, options);
  const { request } = await import('node:https');
  return request(url, options);
}

/** Sends the request with this body and resolves with its response, whatever the status. */
export function responseTo(request: ClientRequest, body?: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
    // All that tells of a server that switches protocols unasked.
    request.once('close', () => reject(new Error('it closed the connection and gave no answer')));
    request.end(body);
  });
}

/** A response's body as text, at most `limit` bytes of it. */
export async function readText(response: IncomingMessage, limit = 64 * 1024): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
