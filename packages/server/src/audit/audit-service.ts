import type { Actor } from '../access/principal.js';
import type { Repositories } from '../db/store.js';
import type { Clock, Ids } from '../system.js';

export interface AuditEntry {
  action: string;
  organizationId: string | null;
  target?: string;
  /** Never a secret value. */
  detail?: Record<string, unknown>;
}

/** Writes into the caller's transaction, so that a change and its record are kept or lost together. */
export function createAudit({ clock, ids }: { clock: Clock; ids: Ids }) {
  return {
    async record(repos: Repositories, actor: Actor, entry: AuditEntry): Promise<void> {
      await repos.audit.insert({
        id: ids.id(),
        organizationId: entry.organizationId,
        at: clock.now(),
        actorKind: actor.kind,
        actorId: actor.id,
        credentialId: actor.credentialId,
        address: actor.address,
        action: entry.action,
        target: entry.target ?? null,
        detail: entry.detail ?? null,
      });
    },
  };
}
export type Audit = ReturnType<typeof createAudit>;
