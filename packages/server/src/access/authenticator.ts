import { hash, timingSafeEqual } from 'node:crypto';
import type { CredentialKind } from '@pipecat-cloud/contract/permissions';
import { kindOf, parseToken, type TokenKind } from '@pipecat-cloud/contract/token-format';
import { LRUCache } from 'lru-cache';
import type { ApiKey } from '../api-keys/api-key-repository.js';
import type { Store } from '../db/store.js';
import { type AppError, forbidden, unauthorized } from '../errors.js';
import type { Clock } from '../system.js';
import type { StoredToken } from '../tokens/token-repository.js';
import type { StoredWorker } from '../workers/worker-repository.js';
import type { CredentialDigests } from './credential-digests.js';
import type { CredentialUse } from './credential-use.js';
import type { Principal } from './principal.js';
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
}

interface AuthenticatorDeps {
  store: Store;
  clock: Clock;
  digests: CredentialDigests;
  uses: CredentialUse;
  throttle: Throttle;
  sessionOf: (cookie: string) => Promise<SessionFacts | undefined>;
  /** Whose OAuth access token it is, by its value; undefined when it is unknown or ended. */
  oauthOf?: (value: string) => Promise<OauthFacts | undefined>;
  publicUrl: string;
  /** Off where another process may revoke without this one being told. */
  cache: boolean;
}

/** What a digest stands for. `unknown` is cached too, for a shorter time. */
type Credential =
  | { kind: 'oauth'; login: OauthFacts }
  | { kind: 'token'; token: StoredToken }
  | { kind: 'apiKey'; key: ApiKey }
  | { kind: 'worker'; worker: StoredWorker }
  | { kind: 'unknown' };

const positiveTtlMs = 5_000;
const negativeTtlMs = 1_000;

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
const kindNames: Readonly<Record<CredentialKind, string>> = {
  session: 'a dashboard session',
  oauth: 'an OAuth token of auth login',
  personal: 'a personal access token (pcc_pat_…)',
  serviceAccount: 'a service-account token (pcc_pat_sa_…)',
  ci: 'a CI token (pcc_pat_ci_…)',
  private: 'a private API key (sk_…)',
  public: 'a public API key (pk_…)',
  worker: "a worker's credential",
};

/**
 * Turns what a request carries into a principal, or throws the refusal that fits. Details are given only once a digest has
 * matched, so that a guesser learns nothing. Malformed credentials cost neither a hash nor a query.
 */
export function createAuthenticator(deps: AuthenticatorDeps) {
  const { store, clock, digests, uses, throttle, publicUrl } = deps;
  const cache = new LRUCache<string, Credential>({ max: 20_000, ttl: positiveTtlMs });
  let evictions = 0;

  async function lookUp(kind: CredentialKind, candidates: readonly string[]): Promise<Credential> {
    if (kind === 'public' || kind === 'private') {
      const key = await store.apiKeys.findByDigests(candidates);
      return key ? { kind: 'apiKey', key } : { kind: 'unknown' };
    }
    if (kind === 'worker') {
      const worker = await store.workers.findByDigest(candidates);
      return worker ? { kind: 'worker', worker } : { kind: 'unknown' };
    }
    const token = await store.tokens.findByDigest(candidates);
    return token ? { kind: 'token', token } : { kind: 'unknown' };
  }

  /** A digest under a retired pepper is replaced by one under the current pepper at the credential's next use. */
  async function renew(found: Credential, { digest, pepperId }: { digest: string; pepperId: string }): Promise<void> {
    if (found.kind === 'token' && found.token.pepperId !== pepperId) {
      await store.tokens.moveToPepper(found.token.id, digest, pepperId);
    }
    if (found.kind === 'apiKey' && found.key.pepperId !== pepperId)
      await store.apiKeys.rehash(found.key.id, digest, pepperId);
  }

  async function findOauth(value: string): Promise<Credential> {
    const login = await deps.oauthOf?.(value);
    return login ? { kind: 'oauth', login } : { kind: 'unknown' };
  }

  async function find(value: string, kind: CredentialKind): Promise<Credential> {
    // The keyed digest costs several times as much; it is made only to ask the database. The value itself is never kept.
    const name = hash('sha256', value);
    const cached = cache.get(name);
    if (cached) return cached;
    const before = evictions;
    const candidates = digests.candidates(value);
    const found = kind === 'oauth' ? await findOauth(value) : await lookUp(kind, candidates);
    // The index compared text; this comparison takes the same time wherever they differ.
    if (
      found.kind !== 'unknown' &&
      found.kind !== 'oauth' &&
      !candidates.some((digest) => equal(digest, digestOf(found)))
    )
      return { kind: 'unknown' };
    await renew(found, digests.current(value));
    // A revocation that came in between must not be undone by what was read before it.
    if (deps.cache && before === evictions) {
      cache.set(name, found, { ttl: found.kind === 'unknown' ? negativeTtlMs : positiveTtlMs });
    }
    return found;
  }

  function principalOfToken(token: StoredToken, source: CredentialSource): Principal {
    const now = clock.now();
    const help = `${publicUrl}/account/tokens`;
    if (token.revokedAt) {
      throw unauthorized(
        'revoked_token',
        `The token '${token.name}' was revoked on ${token.revokedAt}: ${token.revokedReason}. Make a new one at ${help}`,
        help,
      );
    }
    // Put so that a date which can't be read counts as past.
    if (token.expiresAt && !(Date.parse(token.expiresAt) > now.getTime())) {
      throw unauthorized(
        'expired_token',
        `The token '${token.name}' expired on ${token.expiresAt}. Make a new one at ${help}`,
        help,
      );
    }
    if (token.owner.kind !== 'user') throw new Error(`Token ${token.id} belongs to no person`);
    uses.token(token.id, now, source);
    const { id, name, kind, grant, createdAt, expiresAt, lastUsedAt } = token;
    const facts = { id, name, kind, parentId: null, grant, createdAt, expiresAt, lastUsedAt };
    return { kind: 'user', userId: token.owner.id, via: 'token', token: facts };
  }

  return {
    /** Only credentials of `kinds` pass; another kind that is alive gets a 403 that names both. */
    async authenticate(source: CredentialSource, kinds: readonly CredentialKind[]): Promise<Principal> {
      if (source.authorization === undefined) {
        const session = source.cookie === undefined ? undefined : await deps.sessionOf(source.cookie);
        if (!session) throw noCredential(kinds);
        if (!kinds.includes('session')) throw wrongKind('session', kinds);
        return { kind: 'user', via: 'session', ...session };
      }
      const value = /^Bearer +(\S+)$/i.exec(source.authorization)?.[1];
      if (!value) throw noCredential(kinds);
      const kind = parseToken(value) && credentialKinds[kindOf(value) as TokenKind];
      if (!kind) throw malformed(value);
      throttle.check(source.address);
      const found = await find(value, kind);
      if (found.kind === 'unknown') {
        throttle.fail(source.address);
        throw unauthorized(
          'unknown_token',
          'This credential is unknown here: it was deleted, or it belongs to another server. Check the API host',
        );
      }
      if (found.kind === 'oauth') {
        if (!kinds.includes(kind)) throw wrongKind(kind, kinds);
        return { kind: 'user', via: 'oauth', ...found.login };
      }
      if (found.kind === 'token') {
        const principal = principalOfToken(found.token, source);
        if (!kinds.includes(kind)) throw wrongKind(kind, kinds);
        return principal;
      }
      const { id, revokedAt } = found.kind === 'apiKey' ? found.key : found.worker;
      if (revokedAt) {
        throw unauthorized('revoked_token', `This credential was revoked on ${revokedAt}. Make a new one`);
      }
      if (!kinds.includes(kind)) throw wrongKind(kind, kinds);
      if (found.kind === 'worker') return { kind: 'worker', workerId: id };
      uses.apiKey(id, clock.now());
      return { kind: 'apiKey', organizationId: found.key.organizationId, keyId: id, access: found.key.type };
    },

    /** Call after the commit that revokes or changes a credential: from then on the database is asked again, for all of them. */
    evict(): void {
      evictions++;
      cache.clear();
    },
  };
}
export type Authenticator = ReturnType<typeof createAuthenticator>;

function digestOf(found: Exclude<Credential, { kind: 'unknown' | 'oauth' }>): string {
  if (found.kind === 'token') return found.token.digest;
  return found.kind === 'apiKey' ? found.key.digest : found.worker.digest;
}

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function noCredential(kinds: readonly CredentialKind[]): AppError {
  const wanted = kinds.includes('public')
    ? 'a public API key (pk_…) as a bearer'
    : kinds.includes('worker')
      ? "a worker's credential as a bearer"
      : 'a personal access token: set PIPECAT_TOKEN, or run: pipecat cloud auth use-pat';
  return unauthorized('no_credential', `No credential was sent. This needs ${wanted}`);
}

function malformed(value: string): AppError {
  const what = kindOf(value)
    ? 'is not whole: it was probably cut short or mistyped'
    : 'is of no kind that this server makes';
  return unauthorized('malformed_token', `The credential that was sent ${what}. Copy it again, or make a new one`);
}

function wrongKind(sent: CredentialKind, kinds: readonly CredentialKind[]): AppError {
  const wanted = kinds.includes('personal') ? kindNames.personal : kinds.map((kind) => kindNames[kind]).join(' or ');
  return forbidden('wrong_credential_kind', `This endpoint takes ${wanted}; you sent ${kindNames[sent]}`);
}
