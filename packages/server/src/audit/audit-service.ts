import { redact } from '@pipecat-cloud/contract/token-format';
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

const textLimit = 1000;

/**
 * Records in the caller's transaction, so that a change and its record are kept or lost together. The record gets its place in the
 * chain just before the commit. Outside a transaction it throws.
 */
export function createAudit({ clock, ids }: { clock: Clock; ids: Ids }) {
  return {
    async record(repos: Repositories, actor: Actor, entry: AuditEntry): Promise<void> {
      repos.audit.append({
        id: ids.id(),
        organizationId: entry.organizationId,
        at: clock.now().toISOString(),
        actorKind: actor.kind,
        actorId: actor.id,
        credentialId: actor.credentialId,
        parentCredentialId: actor.parentCredentialId ?? null,
        address: storable(actor.address),
        userAgent: storable(actor.userAgent),
        ciRun: storable(actor.ciRun),
        action: entry.action,
        target: storable(entry.target),
        detail: entry.detail ? plain(entry.detail) : null,
      });
    },
  };
}
export type Audit = ReturnType<typeof createAudit>;

/** What a database gives back as it got it, or hashes would not fit: no NUL, no half of a character. Never a token that somebody put into a header. */
function storable(text: string | null | undefined): string | null {
  return text == null ? null : redact(text.slice(0, textLimit).toWellFormed().replaceAll('\0', '\uFFFD'));
}

/** As it will be read back: without what JSON leaves out. */
function plain(detail: Record<string, unknown>): Record<string, unknown> {
  const text = JSON.stringify(detail, (_, value: unknown) =>
    typeof value === 'string' ? value.toWellFormed() : value,
  );
  return JSON.parse(redact(text)) as Record<string, unknown>;
}
