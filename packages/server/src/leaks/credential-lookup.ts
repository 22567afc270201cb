import { timingSafeEqual } from 'node:crypto';
import type { LeakKind } from '@pipecat-cloud/contract/leaks';
import { maskToken, parseToken } from '@pipecat-cloud/contract/token-format';
import type { OauthFacts } from '../access/authenticator.js';
import type { CredentialDigests } from '../access/credential-digests.js';
import type { Repositories } from '../db/store.js';
import type { Clock } from '../system.js';
import { isLive } from '../tokens/present-token.js';

/** What a value is, as the database has it now. */
export interface FoundCredential {
  kind: LeakKind;
  /** Of the token, key or OAuth grant. */
  id: string;
  name: string;
  masked: string;
  live: boolean;
  owner: { userId: string } | { organizationId: string };
  /** Organizations, by id, that a person's token is restricted to; undefined for all of the person's. */
  only: readonly string[] | undefined;
}

interface LookupDeps {
  digests: CredentialDigests;
  clock: Clock;
  /** Whose OAuth access or refresh token it is; undefined when it is unknown or ended. */
  loginOf?: ((value: string) => Promise<OauthFacts | undefined>) | undefined;
}

/** The kind of a whole value that the leak desk knows; undefined for anything else. Costs neither a hash nor a query. */
export function leakKindOf(value: string): LeakKind | undefined {
  const kind = parseToken(value)?.kind;
  return kind === 'worker' || kind === 'enrolment' ? undefined : kind;
}

export function createCredentialLookup({ digests, clock, loginOf }: LookupDeps) {
  /** The index compared text; this comparison takes the same time wherever they differ. */
  function matches(candidates: readonly string[], digest: string): boolean {
    return candidates.some(
      (one) => one.length === digest.length && timingSafeEqual(Buffer.from(one), Buffer.from(digest)),
    );
  }

  async function token(repos: Repositories, value: string): Promise<FoundCredential | undefined> {
    const candidates = digests.candidates(value);
    const found = await repos.tokens.findByDigest(candidates);
    if (!found || !matches(candidates, found.digest)) return undefined;
    const { id, name, masked, owner, grant } = found;
    return {
      kind: found.kind,
      id,
      name,
      masked,
      live: isLive(found, clock.now()),
      owner: owner.kind === 'user' ? { userId: owner.id } : { organizationId: owner.organizationId },
      only: grant.organizations,
    };
  }

  async function key(repos: Repositories, value: string): Promise<FoundCredential | undefined> {
    const candidates = digests.candidates(value);
    const found = await repos.apiKeys.findByDigests(candidates);
    if (!found || !matches(candidates, found.digest)) return undefined;
    const { id, name, masked, type, organizationId, revokedAt } = found;
    return { kind: type, id, name, masked, live: revokedAt === null, owner: { organizationId }, only: undefined };
  }

  async function oauth(kind: LeakKind, value: string): Promise<FoundCredential | undefined> {
    const found = await loginOf?.(value);
    if (!found) return undefined;
    const { grantId: id, userId } = found;
    return {
      kind,
      id,
      name: 'auth login',
      masked: maskToken(value),
      live: true,
      owner: { userId },
      only: undefined,
    };
  }

  return {
    /** One indexed read; none for what is malformed. Ended credentials are found as well, but for OAuth tokens. */
    async find(repos: Repositories, value: string): Promise<FoundCredential | undefined> {
      const kind = leakKindOf(value);
      if (!kind) return undefined;
      if (kind === 'oauth' || kind === 'refresh') return await oauth(kind, value);
      return kind === 'private' || kind === 'public' ? await key(repos, value) : await token(repos, value);
    },
  };
}
export type CredentialLookup = ReturnType<typeof createCredentialLookup>;
