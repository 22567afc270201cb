import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';

/**
 * The part of `fetch` that the API client uses, over `node:http`: loading the real one takes a third of the time of a
 * short command. Follows no redirects: with `redirect: 'error'` one is a failure, as in `fetch`.
 */
export const httpFetch: typeof fetch = async (input, init = {}) => {
  const url = new URL(String(input));
  const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  const body = typeof init.body === 'string' ? Buffer.from(init.body) : undefined;
  const options: RequestOptions = {
    method: init.method ?? 'GET',
    headers: { ...(init.headers as Record<string, string>), ...(body ? { 'content-length': body.length } : {}) },
    // A kept connection would only keep the process waiting for it.
    agent: false,
    ...(init.signal ? { signal: init.signal } : {}),
  };
  const response = await answered(request(url, options), body);
  const status = response.statusCode ?? 0;
  if (status >= 300 && status < 400 && response.headers.location !== undefined && init.redirect === 'error') {
    response.destroy();
    throw new TypeError('unexpected redirect');
  }
  return {
    ok: status >= 200 && status < 300,
    status,
    headers: { get: (name: string) => response.headers[name.toLowerCase()]?.toString() ?? null },
    text: () => textOf(response),
    // In pieces as they arrive; of `text` and this, only one may be used.
    body: response as AsyncIterable<Uint8Array> as unknown,
  } as Response;
};

function answered(request: ClientRequest, body: Buffer | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', reject);
    request.end(body);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
