import { ApiError, createClient } from '@pipecat-cloud/contract/client';

/** Every request says that it comes from our own page; the server refuses writes of a cookie without it. */
export const withCsrf: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set('x-pipecat-csrf', '1');
  return fetch(input, { ...init, headers });
};

/** The contract's client, signed in by cookie. */
export const api = createClient({
  host: globalThis.location?.origin ?? 'http://localhost',
  timeoutMs: 20_000,
  fetch: withCsrf,
});

/** The session is missing or over: the way on is the sign-in page, not an error text. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}
