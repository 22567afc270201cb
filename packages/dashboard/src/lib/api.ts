import { ApiError, createClient } from '@pipecat-cloud/contract/client';
import type { StatusOk } from '@pipecat-cloud/contract/errors';
import type { AcceptedInvitation, AcceptInvitationBody } from '@pipecat-cloud/contract/members';

/** Every request says that it comes from our own page; the server refuses writes of a cookie without it. */
export const withCsrf: typeof fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set('x-pipecat-csrf', '1');
  return fetch(input, { ...init, headers });
};

const client = createClient({
  host: globalThis.location?.origin ?? 'http://localhost',
  timeoutMs: 20_000,
  fetch: withCsrf,
});

/** The contract's client, signed in by cookie, and the calls that only the dashboard makes. */
export const api = {
  ...client,
  setUp: (body: { code: string; email: string; organizationName?: string }) =>
    client.request<StatusOk>('POST', '/auth/setup', { body }),
  requestCode: (email: string) => client.request<StatusOk>('POST', '/auth/code', { body: { email } }),
  signIn: (email: string, code: string) => client.request<StatusOk>('POST', '/auth/session', { body: { email, code } }),
  /** Accepts an invitation and signs in, for people who have no account yet. */
  acceptAsNewcomer: (body: AcceptInvitationBody) =>
    client.request<AcceptedInvitation>('POST', '/auth/invitation', { body }),
  signOut: () => client.request<StatusOk>('DELETE', '/auth/session'),
};

/** The session is missing or over: the way on is the sign-in page, not an error text. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}
