import { maskToken, type TokenKind } from '@pipecat-cloud/contract/token-format';
import type { CreatedToken, Token } from '@pipecat-cloud/contract/tokens';
import { type CredentialDigests, mintCredential } from '../access/credential-digests.js';
import type { Repositories } from '../db/store.js';
import type { Ids } from '../system.js';
import { presentTokens } from './present-token.js';
import type { NewToken, StoredToken } from './stored-token.js';

export interface Secret {
  value: string;
  digest: string;
  pepperId: string;
  masked: string;
}

/** A new secret of the kind. The value is for the answer alone; the rest is what is stored. */
export function makeSecret(
  { ids, digests }: { ids: Ids; digests: CredentialDigests },
  kind: Extract<TokenKind, 'personal' | 'serviceAccount' | 'ci' | 'public' | 'private'>,
): Secret {
  const { value } = mintCredential(ids, kind);
  return { value, masked: maskToken(value), ...digests.current(value) };
}

/**
 * Stores a token with its secret; resolves to what the caller is shown once. A child takes over the deadline of its parent's rotation;
 * a child and a successor what organizations decided about the token that they come from, whose row the caller has locked.
 */
export async function insertToken(
  repos: Repositories,
  secret: Secret,
  token: Omit<NewToken, 'digest' | 'pepperId' | 'masked' | 'legacy'>,
  now: Date,
): Promise<CreatedToken> {
  const { value, ...stored } = secret;
  await repos.tokens.insert({ ...token, ...stored, legacy: false });
  const origin = token.predecessor?.id ?? token.parentId;
  if (origin !== undefined) await repos.policies.copyDecisions(origin, token.id);
  const parent = token.parentId === undefined ? undefined : await repos.tokens.find(token.parentId);
  if (parent?.endsAt) await repos.tokens.endAt(token.id, new Date(parent.endsAt));
  return { token: await presentToken(repos, token.id, now), value };
}

export async function presentToken(repos: Repositories, id: string, now: Date): Promise<Token> {
  const [token] = await presentTokens(repos, [(await repos.tokens.find(id)) as StoredToken], now);
  return token as Token;
}
