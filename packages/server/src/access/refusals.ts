import type { CredentialKind } from '@pipecat-cloud/contract/permissions';
import { kindOf } from '@pipecat-cloud/contract/token-format';
import type { ApiKey } from '../api-keys/api-key-repository.js';
import { type AppError, forbidden, unauthorized } from '../errors.js';
import type { StoredToken } from '../tokens/stored-token.js';

const kindNames: Readonly<Record<CredentialKind, string>> = {
  session: 'a dashboard session',
  oauth: 'a token of auth login (pcc_oat_…)',
  personal: 'a personal access token (pcc_pat_…)',
  serviceAccount: 'a service-account token (pcc_pat_sa_…)',
  ci: 'a CI token (pcc_pat_ci_…)',
  private: 'a private API key (sk_…)',
  public: 'a public API key (pk_…)',
  worker: "a worker's credential",
};

/** What to send, by the first of these kinds that a route takes. */
const wantedCredentials: readonly (readonly [CredentialKind, string])[] = [
  ['public', 'a public API key (pk_…) as a bearer'],
  ['private', 'a private API key (sk_…) as a bearer'],
  ['worker', "a worker's credential as a bearer"],
  ['personal', 'a personal access token: set PIPECAT_TOKEN, or run: pipecat cloud auth use-pat'],
  ['oauth', 'a signed-in person: run: pipecat cloud auth login'],
  ['session', 'a signed-in person: open the dashboard'],
];

// The refusals of a credential itself (credentials design, section 6). Details only of what has matched a stored digest.

export function noCredential(kinds: readonly CredentialKind[]): AppError {
  const wanted = wantedCredentials.find(([kind]) => kinds.includes(kind))?.[1] ?? 'a credential';
  return unauthorized('no_credential', `No credential was sent. This needs ${wanted}`);
}

export function malformed(value: string): AppError {
  const what = kindOf(value)
    ? 'is not whole: it was probably cut short or mistyped'
    : 'is of no kind that this server makes';
  return unauthorized('malformed_token', `The credential that was sent ${what}. Copy it again, or make a new one`);
}

export function unknown(): AppError {
  return unauthorized(
    'unknown_token',
    'This credential is unknown here: it was deleted, or it belongs to another server. Check the API host',
  );
}

export function wrongKind(sent: CredentialKind, kinds: readonly CredentialKind[]): AppError {
  const wanted = kinds.includes('personal') ? kindNames.personal : kinds.map((kind) => kindNames[kind]).join(' or ');
  return forbidden('wrong_credential_kind', `This endpoint takes ${wanted}; you sent ${kindNames[sent]}`);
}

/** `why` is a half sentence; most begin with the word that stands here already. */
export function revokedToken(token: Pick<StoredToken, 'name'>, when: string, why: string, help: string): AppError {
  const rest = why.startsWith('revoked ') ? why.slice('revoked'.length) : `: ${why}`;
  return unauthorized(
    'revoked_token',
    `The token '${token.name}' was revoked on ${when}${rest}. Make a new one at ${help}`,
    help,
  );
}

export function disabledOwner(token: Pick<StoredToken, 'name'>, serviceAccount: string, help: string): AppError {
  return unauthorized(
    'revoked_token',
    `The token '${token.name}' belongs to the service account '${serviceAccount}', which is disabled. An admin of its organization can enable it`,
    help,
  );
}

export function expiredToken(token: Pick<StoredToken, 'name' | 'expiresAt'>, help: string): AppError {
  return unauthorized(
    'expired_token',
    `The token '${token.name}' expired on ${token.expiresAt}. Make a new one at ${help}`,
    help,
  );
}

export function revokedKey({ name, revokedAt }: Pick<ApiKey, 'name' | 'revokedAt'>, help: string): AppError {
  return unauthorized('revoked_token', `The API key '${name}' was revoked on ${revokedAt}. Make a new one`, help);
}

export function keyWithoutOrganization(): AppError {
  return unauthorized('revoked_token', 'The organization of this API key was deleted, and the key with it');
}

export function revokedWorker(revokedAt: string): AppError {
  return unauthorized('revoked_token', `This worker was revoked on ${revokedAt}. Enrol it again with a new token`);
}

export function addressNotAllowed(address: string, what: string): AppError {
  return forbidden('address_not_allowed', `${what} may not be used from ${address}: its networks do not include it`);
}
