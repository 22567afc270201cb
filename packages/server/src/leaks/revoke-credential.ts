import type { RevocationResult } from '@pipecat-cloud/contract/leaks';
import type { Actor } from '../access/principal.js';
import type { Store } from '../db/store.js';
import type { Notify } from '../notifications/notify.js';
import type { Clock } from '../system.js';
import type { EndCredential, EndOptions } from './credential-end.js';
import { type CredentialLookup, leakKindOf } from './credential-lookup.js';
import { reportedNotice } from './leak-notices.js';

interface RevokeDeps {
  store: Store;
  clock: Clock;
  notify: Notify;
  lookup: CredentialLookup;
  endCredential: EndCredential;
}

export interface RevokeOptions extends Partial<EndOptions> {
  /** Whether its owner is told that it leaked; off for somebody who ends their own session. */
  tellOwner?: boolean;
}

/**
 * Ends a credential for whoever holds it: possession is the authority. Once it has returned nothing is accepted with the value. A
 * malformed value costs neither a hash nor a query. Public keys stay: every visitor of a page holds one.
 */
export function createRevokeCredential({ store, clock, notify, lookup, endCredential }: RevokeDeps) {
  return async function revokeCredential(
    value: string,
    actor: Actor,
    { cause = 'leak', reason = 'reported as leaked', detail, tellOwner = true }: RevokeOptions = {},
  ): Promise<RevocationResult> {
    const kind = leakKindOf(value);
    if (!kind) return { status: 'malformed' };
    if (kind === 'public') return { status: 'not_secret', kind };
    const found = await lookup.find(store, value);
    if (!found) return { status: 'unknown', kind };
    const result = { kind: found.kind, id: found.id };
    if (!found.live) return { status: 'already_ended', ...result };
    const ended = await store.changeAccess(async (repos) => {
      const options = { cause, reason, ...(detail ? { detail } : {}) };
      if (!(await endCredential(repos, found, value, actor, options))) return false;
      if (tellOwner) await notify(repos, reportedNotice(found, clock.now()));
      return true;
    });
    return { status: ended ? 'revoked' : 'already_ended', ...result };
  };
}
export type RevokeCredential = ReturnType<typeof createRevokeCredential>;
