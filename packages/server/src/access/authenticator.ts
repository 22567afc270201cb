import { hash, timingSafeEqual } from 'node:crypto';
import type { CredentialKind } from '@pipecat-cloud/contract/permissions';
import { parseToken, type TokenKind } from '@pipecat-cloud/contract/token-format';
import type { ApiKey } from '../api-keys/api-key-repository.js';
import type { Store } from '../db/store.js';
import { AppError, type RefusedCredential } from '../errors.js';
import type { Clock } from '../system.js';
import { isPast } from '../tokens/present-token.js';
import type { CheckedToken } from '../tokens/stored-token.js';
import type { StoredWorker } from '../workers/worker-repository.js';
import type { AccessCache } from './access-cache.js';
import type { CredentialDigests } from './credential-digests.js';
import type { CredentialUse } from './credential-use.js';
import { allowsAddress } from './networks.js';
import { type Principal, type TokenFacts, tokenOf } from './principal.js';
import {
  addressNotAllowed,
  disabledOwner,
  expiredToken,
  malformed,
  noCredential,
  revokedKey,
  revokedToken,
  revokedWorker,
  unknown,
  wrongKind,
} from './refusals.js';
import type { Throttle } from './throttle.js';

export interface CredentialSource {
  authorization: string | undefined;
  cookie: string | undefined;
  address: string;
  userAgent: string;
  ciRun?: string | null;
}

/** A dashboard session, as its cookie proves it. */
export interface SessionFacts {
  userId: string;
  sessionId: string;
  secondFactor: boolean;
}
/** What stands behind an OAuth access token. */
export interface OauthFacts {
  userId: string;
  grantId: string;
  secondFactor: boolean;
  expiresAt: string;
}

interface AuthenticatorDeps {
  store: Store;
  clock: Clock;
  digests: CredentialDigests;
  uses: CredentialUse;
  throttle: Throttle;
  cache: AccessCache;
  publicUrl: string;
  sessionOf: (cookie: string) => Promise<SessionFacts | undefined>;
  /** Whose OAuth access token it is; undefined when it is unknown or ended. */
  oauthOf: (value: string) => Promise<OauthFacts | undefined>;
  /** The first use of a rotation's successor ends its predecessor. Resolves once that is written, to the token as it then is. */
  onFirstUse: (token: CheckedToken) => Promise<Pick<CheckedToken, 'name' | 'revokedAt' | 'revokedReason'>>;
  /** A secret that a rotation ended was sent again. Resolves once the family is marked. */
  onReuse: (token: CheckedToken, source: CredentialSource) => Promise<void>;
}

/** What a digest stands for. `unknown` is kept too, for a shorter time. */
type Credential =
  | { kind: 'token'; token: CheckedToken; principal: Principal & { token: TokenFacts }; plainUntil: number }
  | { kind: 'oauth'; facts: OauthFacts; principal: Principal }
  | { kind: 'apiKey'; key: ApiKey }
  | { kind: 'worker'; worker: StoredWorker }
  | { kind: 'unknown' };

const negativeTtlMs = 1_000;
const unknownCredential: Credential = { kind: 'unknown' };

const credentialKinds: Readonly<Record<TokenKind, CredentialKind | undefined>> = {
  personal: 'personal',
  serviceAccount: 'serviceAccount',
  ci: 'ci',
  oauth: 'oauth',
  refresh: undefined,
  private: 'private',
  public: 'public',
  worker: 'worker',
  enrolment: undefined,
};

/**
 * Turns what a request carries into a principal, or throws the refusal that fits. Details are given only once a digest has
 * matched, so that a guesser learns nothing. Malformed credentials cost no query, and neither do those that are known.
 */
export function createAuthenticator(deps: AuthenticatorDeps) {
  const { store, clock, digests, uses, throttle, cache, publicUrl } = deps;

  async function lookUp(value: string, kind: CredentialKind): Promise<Credential> {
    if (kind === 'oauth') {
      const facts = await deps.oauthOf(value);
      if (!facts) return unknownCredential;
      const { userId, grantId, secondFactor } = facts;
      return { kind: 'oauth', facts, principal: { kind: 'user', via: 'oauth', userId, grantId, secondFactor } };
    }
    const candidates = digests.candidates(value);
    const found = await findStored(kind, candidates);
    // The index compared text; this comparison takes the same time wherever they differ.
    if (!found || !candidates.some((digest) => equal(digest, digestOf(found)))) return unknownCredential;
    await renew(found, digests.current(value));
    return found;
  }

  async function findStored(
    kind: CredentialKind,
    candidates: readonly string[],
  ): Promise<Exclude<Credential, { kind: 'unknown' | 'oauth' }> | undefined> {
    if (kind === 'public' || kind === 'private') {
      const key = await store.apiKeys.findByDigests(candidates);
      return key && { kind: 'apiKey', key };
    }
    if (kind === 'worker') {
      const worker = await store.workers.findByDigest(candidates);
      return worker && { kind: 'worker', worker };
    }
    const token = await store.tokens.findByDigest(candidates);
    return token && { kind: 'token', token, principal: principalOf(token), plainUntil: plainUntil(token) };
  }

  /** A digest under a retired pepper is replaced by one under the current pepper at the credential's next use. */
  async function renew(found: Credential, { digest, pepperId }: { digest: string; pepperId: string }): Promise<void> {
    if (found.kind === 'token' && found.token.pepperId !== pepperId) {
      await store.tokens.moveToPepper(found.token.id, digest, pepperId);
    }
    if (found.kind === 'apiKey' && found.key.pepperId !== pepperId)
      await store.apiKeys.rehash(found.key.id, digest, pepperId);
  }

  /** Asks the database, unless the value is malformed or its address has guessed too often. */
  async function read(value: string, name: string, address: string): Promise<Credential> {
    const parsed = parseToken(value);
    const kind = parsed && credentialKinds[parsed.kind];
    if (!kind) throw malformed(value);
    throttle.check(address);
    return await cache.through(
      name,
      () => lookUp(value, kind),
      (found) => (found.kind === 'unknown' ? negativeTtlMs : undefined),
    );
  }

  /** Throws for a token that is over, and where its owner or its networks forbid its use. */
  async function checkToken(token: CheckedToken, source: CredentialSource, now: Date): Promise<void> {
    const help = `${publicUrl}/account/tokens`;
    const overByDeadline = isPast(token.endsAt, now);
    if (token.revokedAt || overByDeadline) {
      const byRotation = token.revokedCause === 'rotation' || (!token.revokedAt && token.successorId !== null);
      if (byRotation && token.suspiciousAt === null) await deps.onReuse(token, source);
      const when = token.revokedAt ?? (token.endsAt as string);
      const why =
        token.revokedReason ?? 'the deadline of a rotation passed, of its own or of the token that it was derived from';
      throw revokedToken(token, when, why, help);
    }
    if (isPast(token.expiresAt, now)) throw expiredToken(token, help);
    const { owner } = token;
    if (owner.kind === 'serviceAccount' && owner.disabledAt) throw disabledOwner(token, owner.name, help);
    const { networks } = token.grant;
    if (networks && !allowsAddress(networks, source.address))
      throw addressNotAllowed(source.address, `The token '${token.name}'`);
    if (token.activatedAt !== null) return;
    const used = await deps.onFirstUse(token);
    if (used.revokedAt) throw revokedToken(used, used.revokedAt, used.revokedReason ?? 'it has ended', help);
  }

  /** Only credentials of `kinds` pass; another kind that is alive gets a 403 that names both. */
  async function authenticate(source: CredentialSource, kinds: readonly CredentialKind[]): Promise<Principal> {
    const { authorization } = source;
    if (authorization === undefined) {
      const session = source.cookie === undefined ? undefined : await deps.sessionOf(source.cookie);
      if (!session) throw noCredential(kinds);
      if (!kinds.includes('session')) throw wrongKind('session', kinds);
      return { kind: 'user', via: 'session', ...session };
    }
    const value = bearerOf(authorization);
    if (!value) throw noCredential(kinds);
    const name = nameOf(value);
    const found = (cache.get(name) as Credential | undefined) ?? (await read(value, name, source.address));
    if (found.kind === 'unknown') {
      throttle.check(source.address);
      throttle.fail(source.address);
      throw unknown();
    }
    try {
      return await accept(found, source, kinds);
    } catch (error) {
      // Its digest has matched: the audit log may know whose it is.
      if (error instanceof AppError) error.credential = credentialOf(found);
      throw error;
    }
  }

  const isPlain = ({ plainUntil }: { plainUntil: number }) => clock.now().getTime() < plainUntil;

  /**
   * The principal of a token that was looked up since the last change of access, and that only the clock can stop: nearly every
   * request's, and nothing to wait for. Undefined does not mean refused: ask `authenticate`.
   */
  function known(authorization: string, kinds: readonly CredentialKind[]): Principal | undefined {
    const value = bearerOf(authorization);
    if (!value) return undefined;
    const found = cache.get(nameOf(value)) as Credential | undefined;
    return found?.kind === 'token' && isPlain(found) && kinds.includes(found.token.kind) ? found.principal : undefined;
  }

  /** The principal of a credential that is known, or its refusal. */
  async function accept(
    found: Exclude<Credential, { kind: 'unknown' }>,
    source: CredentialSource,
    kinds: readonly CredentialKind[],
  ): Promise<Principal> {
    const now = clock.now();
    if (found.kind === 'token') {
      if (!isPlain(found)) await checkToken(found.token, source, now);
      // By its owner, not by its prefix: one that a service account adopted keeps its secret.
      if (!kinds.includes(found.token.kind)) throw wrongKind(found.token.kind, kinds);
      return found.principal;
    }
    if (found.kind === 'oauth') {
      if (isPast(found.facts.expiresAt, now)) throw unknown();
      if (!kinds.includes('oauth')) throw wrongKind('oauth', kinds);
      return found.principal;
    }
    if (found.kind === 'worker') {
      if (found.worker.revokedAt) throw revokedWorker(found.worker.revokedAt);
      if (!kinds.includes('worker')) throw wrongKind('worker', kinds);
      return { kind: 'worker', workerId: found.worker.id, scope: found.worker.scope };
    }
    const { id, organizationId, type, revokedAt } = found.key;
    if (revokedAt) throw revokedKey(found.key, publicUrl);
    if (!kinds.includes(type)) throw wrongKind(type, kinds);
    return { kind: 'apiKey', organizationId, keyId: id, access: type };
  }

  return {
    known,
    authenticate,
    /** Once the request was let in: a refused one must not make a token look used. `permissions` are those that it used, as bits. */
    noteUse(principal: Principal, source: CredentialSource, permissions: number): void {
      const token = tokenOf(principal);
      if (token) uses.token(token.id, clock.now(), source, permissions);
      else if (principal.kind === 'apiKey') uses.apiKey(principal.keyId, clock.now());
    },
  };
}
export type Authenticator = ReturnType<typeof createAuthenticator>;

const bearerOf = (authorization: string) => /^Bearer +(\S+)$/i.exec(authorization)?.[1];

/**
 * Under what the cache keeps what it knows of the value, which itself is never kept. The keyed digest costs several times as much; it
 * is made only to ask the database. As text of single bytes: half as long as in hex, and found faster.
 */
const nameOf = (value: string) => hash('sha256', value, 'binary');

function principalOf(token: CheckedToken): Principal & { token: TokenFacts } {
  const { id, name, kind, parentId, grant, createdAt, expiresAt, endsAt, lastUsedAt, owner } = token;
  const facts: TokenFacts = { id, name, kind, parentId, grant, createdAt, expiresAt, endsAt, lastUsedAt };
  if (owner.kind === 'user') return { kind: 'user', userId: owner.id, via: 'token', token: facts };
  const { id: serviceAccountId, organizationId } = owner;
  return { kind: 'serviceAccount', serviceAccountId, organizationId, via: 'token', token: facts };
}

/** Who stands behind a credential that is refused, for the audit log. */
function credentialOf(found: Exclude<Credential, { kind: 'unknown' }>): RefusedCredential {
  switch (found.kind) {
    case 'token': {
      const { id, parentId, owner } = found.token;
      const of = { tokenId: id, parentTokenId: parentId, ownerId: owner.id };
      return owner.kind === 'user'
        ? { kind: 'token', ...of }
        : { kind: 'serviceAccount', ...of, organizationId: owner.organizationId };
    }
    case 'oauth':
      return { kind: 'user', tokenId: null, ownerId: found.facts.userId };
    case 'apiKey': {
      const { id, organizationId } = found.key;
      return { kind: 'apiKey', tokenId: id, ownerId: organizationId, organizationId };
    }
    case 'worker':
      return { kind: 'worker', tokenId: null, ownerId: found.worker.id };
  }
}

/**
 * Until when (epoch milliseconds) nothing but the clock can stop the token, so that a check may skip `checkToken`. 0 where more
 * than the clock decides; not a number, which is later than nothing, for a date that can't be read.
 */
function plainUntil({ revokedAt, activatedAt, grant, owner, expiresAt, endsAt }: CheckedToken): number {
  const disabled = owner.kind === 'serviceAccount' && owner.disabledAt !== null;
  if (revokedAt !== null || activatedAt === null || grant.networks || disabled) return 0;
  const instantOf = (time: string | null) => (time === null ? Number.POSITIVE_INFINITY : Date.parse(time));
  return Math.min(instantOf(expiresAt), instantOf(endsAt));
}

function digestOf(found: Exclude<Credential, { kind: 'unknown' | 'oauth' }>): string {
  if (found.kind === 'token') return found.token.digest;
  return found.kind === 'apiKey' ? found.key.digest : found.worker.digest;
}

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
