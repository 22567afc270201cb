import { createHash, randomBytes } from 'node:crypto';
import { deviceGrantType, oauthClientId, oauthScopes } from '@pipecat-cloud/contract/oauth';
import type { LightMyRequestResponse } from 'fastify';
import { vi } from 'vitest';
import { type Harness, harness } from './harness.js';

export const issuer = 'http://localhost:7400';
export const redirectUri = 'http://127.0.0.1:8400/oauth_callback';
const page = { origin: issuer, 'x-pipecat-csrf': '1' };

export interface Tokens {
  access_token: string;
  refresh_token: string;
  expires_in: number;
  token_type: string;
  id_token: string;
}

/** Proof key of one authorization request. */
export function createPkce() {
  const verifier = randomBytes(64).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

/** A whole server whose sign-in codes can be read. */
export async function oauthHarness(overrides: Parameters<typeof harness>[0] = {}) {
  const codes = new Map<string, string>();
  const server = await harness({
    ...overrides,
    sendMail: async ({ to, text }) => void codes.set(to, /: (\d{8}) /.exec(text)?.[1] ?? ''),
  });
  return Object.assign(server, { codes });
}
export type OauthHarness = Awaited<ReturnType<typeof oauthHarness>>;

/** A browser: it keeps cookies, by name alone. */
export function createBrowser(server: OauthHarness) {
  const cookies = new Map<string, string>();
  const header = () => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');

  // The type is named: inferred, it would name a path inside `node_modules`, which can't be written where that is a link.
  async function send(
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    payload?: object,
    headers = {},
  ): Promise<LightMyRequestResponse> {
    const answer = await server.http.inject({
      ...{ method, url },
      headers: { accept: 'text/html', cookie: header(), ...(method === 'GET' ? {} : page), ...headers },
      ...(payload === undefined ? {} : { payload }),
    });
    for (const { name, value, maxAge, expires } of answer.cookies) {
      const over = maxAge === 0 || (expires !== undefined && expires.getTime() < Date.now());
      if (over) cookies.delete(name);
      else cookies.set(name, value);
    }
    return answer;
  }

  return {
    cookies,
    send,
    /** Signs in to the dashboard with the code that was sent. */
    async signIn(email: string): Promise<void> {
      server.codes.delete(email);
      await send('POST', '/auth/code', { email });
      const code = await vi.waitUntil(() => server.codes.get(email));
      const answer = await send('POST', '/auth/session', { email, code });
      if (answer.statusCode !== 200) throw new Error(answer.body);
    },
    /** Opens the authorization endpoint; the uid of the request that the consent page is to show. */
    async open(params: Record<string, string | undefined>): Promise<{ uid: string; location: string }> {
      const answer = await send('GET', authorizeUrl(params));
      const location = String(answer.headers.location ?? '');
      return { uid: new URL(location || '/', issuer).searchParams.get('uid') ?? '', location };
    },
    /** Decides and follows the redirects up to the client's own address. */
    async decide(uid: string, decision: 'allow' | 'deny' = 'allow'): Promise<URL> {
      const answer = await send('POST', `/v1/oauth/interactions/${uid}`, { decision });
      if (answer.statusCode !== 200) throw new Error(answer.body);
      const { continueAt } = answer.json<{ continueAt: string }>();
      const end = await send('GET', new URL(continueAt).pathname);
      return new URL(String(end.headers.location));
    },
  };
}
export type Browser = ReturnType<typeof createBrowser>;

export function authorizeUrl(params: Record<string, string | undefined>): string {
  const all: Record<string, string | undefined> = {
    response_type: 'code',
    client_id: oauthClientId,
    redirect_uri: redirectUri,
    scope: oauthScopes,
    state: 'state-0123456789',
    code_challenge_method: 'S256',
    ...params,
  };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(all)) if (value !== undefined) query.set(name, value);
  return `/oauth/authorize?${query}`;
}

/** What a client posts as a form; no cookie, no origin. */
export async function postForm(server: Harness, url: string, form: Record<string, string>) {
  const answer = await server.http.inject({
    ...{ method: 'POST', url },
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    payload: new URLSearchParams(form).toString(),
  });
  return { status: answer.statusCode, headers: answer.headers, body: answer.json<Record<string, unknown>>() };
}

export const token = (server: Harness, form: Record<string, string>) =>
  postForm(server, '/oauth/token', { client_id: oauthClientId, ...form });

export const redeem = (server: Harness, code: string, verifier: string, uri = redirectUri) =>
  token(server, { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: uri });

export const refresh = (server: Harness, refreshToken: string) =>
  token(server, { grant_type: 'refresh_token', refresh_token: refreshToken });

export const poll = (server: Harness, deviceCode: string) =>
  token(server, { grant_type: deviceGrantType, device_code: deviceCode });

/** A whole sign-in by browser, up to the tokens. */
export async function logIn(server: OauthHarness, browser: Browser): Promise<Tokens> {
  const { verifier, challenge } = createPkce();
  const { uid } = await browser.open({ code_challenge: challenge });
  const callback = await browser.decide(uid);
  const { status, body } = await redeem(server, callback.searchParams.get('code') ?? '', verifier);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return body as unknown as Tokens;
}
