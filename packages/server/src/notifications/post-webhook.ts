import { lookup } from 'node:dns/promises';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { AddressRefused, checkAddress, guardedLookup, literalOf, type ResolveAll } from './webhook-address.js';

export interface WebhookMessage {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
}
/** `error` is in words for people; null when the receiver answered with a 2xx. */
export interface WebhookAnswer {
  status: number | null;
  error: string | null;
}

interface PostDeps {
  allowPrivate: boolean;
  resolve?: ResolveAll;
  timeoutMs?: number;
}
export type PostWebhook = (message: WebhookMessage, signal?: AbortSignal) => Promise<WebhookAnswer>;

/**
 * Posts one message on a connection of its own. Follows no redirect, uses no proxy, reads nothing of the answer but its status. Never
 * throws for what the other side does.
 */
export function createPostWebhook({ allowPrivate, resolve = resolveAll, timeoutMs = 10_000 }: PostDeps): PostWebhook {
  return async ({ url, headers, body }, signal) => {
    const target = new URL(url);
    const rules = { secure: target.protocol === 'https:', allowPrivate };
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      // An address needs no lookup, so the lookup below would not be asked.
      const literal = literalOf(target);
      if (literal !== undefined) checkAddress(literal, rules);
      const status = await post(target, headers, body, {
        lookup: guardedLookup(resolve, rules),
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
      return { status, error: wordsFor(status) };
    } catch (error) {
      return { status: null, error: timeout.aborted ? `no answer within ${timeoutMs / 1000} s` : reasonOf(error) };
    }
  };
}

function post(
  target: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  connection: { lookup: ReturnType<typeof guardedLookup>; signal: AbortSignal },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = target.protocol === 'https:' ? requestHttps : requestHttp;
    const sent = request(target, {
      method: 'POST',
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
      agent: false,
      ...connection,
    });
    sent.on('response', (response) => {
      resolve(response.statusCode ?? 0);
      // However long the answer is: nobody reads it.
      response.destroy();
    });
    // Without a listener Node would tell of it as nothing but the close.
    sent.on('upgrade', (response, socket) => {
      resolve(response.statusCode ?? 0);
      socket.destroy();
    });
    sent.on('error', reject);
    // Nobody waits for what can no longer come.
    sent.on('close', () => reject(new Error('closed without an answer')));
    sent.end(body);
  });
}

function wordsFor(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400) return `it answered ${status}; redirects are not followed`;
  return `it answered ${status}`;
}

/** The network's code says enough; its message has addresses in it, which a name's owner need not learn of this network. */
function reasonOf(error: unknown): string {
  if (error instanceof AddressRefused) return error.message;
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOTFOUND' ? 'the host name does not exist' : `no connection (${code ?? 'unknown error'})`;
}

const resolveAll: ResolveAll = (host) => lookup(host, { all: true });
