import type { RevocationCause } from '@pipecat-cloud/contract/tokens';
import type { Actor } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Repositories } from '../db/store.js';
import type { Clock } from '../system.js';
import { isLive } from '../tokens/present-token.js';
import type { Revocation, StoredToken } from '../tokens/stored-token.js';
import type { FoundCredential } from './credential-lookup.js';

/**
 * Ends the grant behind an OAuth access or refresh token, inside the caller's `changeAccess`. `ended` is false when it was over already;
 * undefined when the value is unknown.
 */
export type EndOauth = (
  repos: Repositories,
  value: string,
  revocation: Revocation,
) => Promise<{ grantId: string; userId: string; ended: boolean } | undefined>;

export interface EndOptions {
  cause: RevocationCause;
  /** A half sentence for people: "reported as leaked". */
  reason: string;
  /** For the audit record. Never a secret. */
  detail?: Record<string, unknown>;
}

interface EndDeps {
  clock: Clock;
  audit: Audit;
  endOauth?: EndOauth | undefined;
}

/**
 * Ends one credential, with all that was derived from it, and writes the audit record: inside a `changeAccess`. False when it was
 * over already, so that of two who race one is told that they ended it.
 */
export function createCredentialEnd({ clock, audit, endOauth }: EndDeps) {
  async function endToken(repos: Repositories, id: string, revocation: Revocation): Promise<StoredToken | undefined> {
    await repos.tokens.lock(id);
    const token = await repos.tokens.find(id);
    if (!token || !isLive(token, clock.now())) return undefined;
    const ended = await repos.tokens.revoke([id], revocation, clock.now());
    return ended.length > 0 ? token : undefined;
  }

  async function end(
    repos: Repositories,
    found: FoundCredential,
    value: string,
    revocation: Revocation,
  ): Promise<{ action: string; organizationId: string | null } | undefined> {
    if (found.kind === 'oauth' || found.kind === 'refresh') {
      const ended = await endOauth?.(repos, value, revocation);
      return ended?.ended ? { action: 'oauth_grant.revoked', organizationId: null } : undefined;
    }
    if (found.kind === 'private' || found.kind === 'public') {
      const organizationId = organizationOf(found);
      const ended = organizationId !== null && (await repos.apiKeys.revoke(organizationId, found.id, clock.now()));
      return ended ? { action: 'api_key.revoked', organizationId } : undefined;
    }
    const token = await endToken(repos, found.id, revocation);
    // Read again under the lock: it may have been adopted meanwhile.
    return (
      token && {
        action: 'token.revoked',
        organizationId: 'organizationId' in token.owner ? token.owner.organizationId : null,
      }
    );
  }

  return async function endCredential(
    repos: Repositories,
    found: FoundCredential,
    value: string,
    actor: Actor,
    { cause, reason, detail = {} }: EndOptions,
  ): Promise<boolean> {
    const ended = await end(repos, found, value, { by: actor.id, cause, reason });
    if (!ended) return false;
    await audit.record(repos, actor, {
      ...ended,
      target: found.id,
      detail: { name: found.name, cause, reason, ...detail },
    });
    return true;
  };
}
export type EndCredential = ReturnType<typeof createCredentialEnd>;

export function organizationOf({ owner }: FoundCredential): string | null {
  return 'organizationId' in owner ? owner.organizationId : null;
}
