import type { Grant } from '@pipecat-cloud/contract/tokens';
import { type Principal, type TokenFacts, tokenOf } from '../access/principal.js';
import { badRequest, forbidden } from '../errors.js';
import { widerThan } from './grants.js';
import { earlier, outlives } from './lifetime.js';

/** True for a token whose grant names `tokens:write`: it is never part of "acts as you". */
export const managesTokens = ({ grant }: TokenFacts) => grant.permissions?.includes('tokens:write') === true;

/** People who signed in manage their tokens; a token manages others only where its grant says so. Throws 403. */
export function requireTokenManager(principal: Principal): void {
  const token = tokenOf(principal);
  if (!token || managesTokens(token)) return;
  throw forbidden(
    'missing_permission',
    'This token may not make, rotate or revoke other tokens: that needs tokens:write, named when the token was made. Sign in to the dashboard, or run: pipecat cloud auth login',
    { 'www-authenticate': 'Bearer error="insufficient_scope", scope="tokens:write"' },
  );
}

/** A token hands out only what it has itself: nothing wider, nothing that lives longer, be it by its end or by its rotation. Throws 400. */
export function requireWithin(principal: Principal, grant: Grant, expiresAt: string | null): void {
  const token = tokenOf(principal);
  if (!token) return;
  const end = earlier(token.expiresAt, token.endsAt);
  if (outlives(expiresAt, end)) throw badRequest(`A token may not outlive the one that makes it, which ends at ${end}`);
  const wider = widerThan(grant, token.grant);
  if (wider) throw badRequest(wider);
}
