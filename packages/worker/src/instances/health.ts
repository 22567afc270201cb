import { Agent, get } from 'node:http';

/** `ready`: any answer but 503 (contract §9.3) · `unready`: 503 · `silent`: none in time. */
export type Health = 'ready' | 'unready' | 'silent';

/** Asks an instance once. Never rejects. */
export function probe(address: string, timeoutMs: number): Promise<Health> {
  return new Promise((resolve) => {
    const request = get(`${address}/readyz`, {
      agent: new Agent({ keepAlive: false }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    request.on('response', (response) => {
      resolve(response.statusCode === 503 ? 'unready' : 'ready');
      response.on('error', () => undefined).resume();
    });
    request.on('error', () => resolve('silent'));
    // All that tells of an instance that switches protocols unasked.
    request.on('close', () => resolve('silent'));
  });
}
