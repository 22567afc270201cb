import { CliError, exitCodes } from '../errors.js';
import type { Credentials } from '../store-credentials.js';
import { fetchJson, type Issuer } from './issuer.js';

/** The token endpoint's refusal, by its code of RFC 6749 or 8628. */
export class TokenRefusal extends Error {
  readonly code: string;

  constructor(code: string, description: string) {
    super(description);
    this.name = 'TokenRefusal';
    this.code = code;
  }
}

/** Throws `TokenRefusal`, or `NetworkError`. Where no new refresh token comes, the old one goes on (contract §3.5). */
export async function requestTokens(issuer: Issuer, form: Record<string, string>): Promise<Credentials> {
  const { status, body } = await fetchJson(issuer.tokenEndpoint, { form: { client_id: issuer.clientId, ...form } });
  const { access_token: token, refresh_token: next, expires_in: lifetime, error, error_description: why } = body ?? {};
  if (status === 200 && typeof token === 'string') {
    const seconds = typeof lifetime === 'number' ? lifetime : 86_400;
    return {
      token,
      refresh_token: typeof next === 'string' ? next : (form.refresh_token ?? ''),
      token_expires_at: Math.floor(Date.now() / 1000) + seconds,
    };
  }
  if (typeof error === 'string') throw new TokenRefusal(error, typeof why === 'string' ? why : error);
  throw new CliError(`The token endpoint answered ${status} with something else than a token.`, {
    exit: exitCodes.unavailable,
    code: String(status),
  });
}
