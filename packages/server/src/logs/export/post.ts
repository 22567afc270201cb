import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Secret } from '../../config/log-config.js';
import { LinesRefused } from './log-export.js';

const compress = promisify(gzip);
const answerMs = 30_000;
/** Worth sending again: the receiver is busy, or something in between is. All other refusals are about what was sent. */
const passing = new Set([401, 403, 404, 408, 425, 429]);

interface PostOptions {
  url: string;
  headers?: Record<string, string>;
  authorization: Secret;
  signal: AbortSignal;
}

/** Posts JSON, gzipped. Throws when it was not taken; `LinesRefused` where it never will be. */
export async function postJson(
  body: unknown,
  { url, headers = {}, authorization, signal }: PostOptions,
): Promise<void> {
  const secret = await authorization();
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error(`no answer within ${answerMs / 1000} s`)), answerMs);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-encoding': 'gzip',
        ...(secret ? { authorization: secret } : {}),
        ...headers,
      },
      body: await compress(JSON.stringify(body)),
      // A redirect would carry the credential to another address.
      redirect: 'error',
      signal: AbortSignal.any([late.signal, signal]),
    });
    const text = (await response.text()).slice(0, 300);
    if (response.ok) return;
    const what = `${new URL(url).origin} answered ${response.status}: ${text}`;
    if (response.status >= 500 || passing.has(response.status)) throw new Error(what);
    throw new LinesRefused(what);
  } finally {
    clearTimeout(timer);
  }
}
