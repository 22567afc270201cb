import { createHash, randomBytes } from 'node:crypto';
import type { CommandContext } from '../context.js';
import { CliError, exitCodes } from '../errors.js';
import type { Credentials } from '../store-credentials.js';
import type { Issuer } from './issuer.js';
import type { Loopback } from './loopback.js';
import { openBrowser } from './reach.js';
import { requestTokens, TokenRefusal } from './tokens.js';

/** The server keeps a request that long. */
const waitMs = 15 * 60_000;

/** Authorization code with PKCE on the loopback address (RFC 8252, contract §3.4). */
export async function signInByBrowser(
  context: CommandContext,
  issuer: Issuer,
  loopback: Loopback,
): Promise<Credentials> {
  const verifier = randomBytes(64).toString('base64url');
  const state = randomBytes(32).toString('base64url');
  const url = new URL(issuer.authorizationEndpoint);
  for (const [name, value] of Object.entries({
    response_type: 'code',
    client_id: issuer.clientId,
    redirect_uri: loopback.redirectUri,
    scope: issuer.scopes,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    state,
  }))
    url.searchParams.set(name, value);
  // Listened for before the browser is told, so that no answer comes too early.
  const answered = loopback.callback(state, waitMs);
  const opened = await openBrowser(url.href, context.io);
  context.note(
    `${opened ? 'A browser was asked to open' : 'Open this address in a browser on this machine'}:\n  ${url.href}`,
  );
  context.progress.step('Waiting for the browser …');
  const answer = await answered.catch(() => {
    throw new CliError('The browser did not come back in time.', {
      exit: exitCodes.timedOut,
      code: 'TIMEOUT',
      hint: 'Try again, or use a code: pipecat cloud auth login --headless',
    });
  });
  const iss = answer.get('iss');
  if (iss === null ? issuer.namesItself : iss !== issuer.issuer) {
    throw new CliError('The answer came from another server than was asked; it was not used.', {
      code: 'WRONG_ISSUER',
    });
  }
  const code = answer.get('code');
  if (code === null) throw refused(answer.get('error') ?? '', answer.get('error_description') ?? '');
  return await requestTokens(issuer, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: loopback.redirectUri,
    code_verifier: verifier,
  }).catch((error: unknown) => {
    if (error instanceof TokenRefusal) throw refused(error.code, error.message);
    throw error;
  });
}

export function refused(code: string, description: string): CliError {
  if (code === 'access_denied')
    return new CliError('The sign-in was refused in the browser; nothing was stored.', { code: 'ACCESS_DENIED' });
  return new CliError(`Signing in failed: ${description || code || 'no code came back'}.`, {
    code: 'SIGN_IN_FAILED',
    hint: 'Try again: pipecat cloud auth login',
  });
}
