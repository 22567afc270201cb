import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { type Actor, actorOf, type Principal } from '../access/principal.js';
import type { Store } from '../db/store.js';
import { AppError, type RefusedCredential } from '../errors.js';
import { originOf } from '../http/request.js';
import { oneAtATime } from '../one-at-a-time.js';
import { createPeriodic } from '../periodic.js';
import type { Clock } from '../system.js';
import type { Audit } from './audit-service.js';

interface RefusalLogDeps {
  store: Pick<Store, 'transaction'>;
  clock: Clock;
  audit: Audit;
  log: Pick<Logger, 'warn'>;
  intervalMs?: number;
  /** Kinds of refusal kept in memory. */
  limit?: number;
}

/** One kind of refusal: the same credential, for the same reason, on the same route. */
interface Folded {
  actor: Actor;
  organizationId: string | null;
  route: string;
  reason: string;
  status: number;
  /** Since the last record. */
  count: number;
  first: Date;
  last: Date;
  /** Not written before, in milliseconds since 1970. */
  due: number;
}

/** The first of a kind is written within seconds, its repetitions once an hour: a job that knocks all night must not fill the log. */
const repeatMs = 60 * 60 * 1000;
const writesPerTransaction = 200;

/**
 * Refusals of known credentials, for the audit log: noted in memory and folded, written in batches, so that a refused request costs
 * no write. A crash loses what was not written yet. Beyond `limit` kinds only their number is kept.
 */
export function createRefusalLog({ store, clock, audit, log, intervalMs = 5_000, limit = 5_000 }: RefusalLogDeps) {
  const kinds = new Map<string, Folded>();
  let uncounted = 0;

  function add(refused: Omit<Folded, 'count' | 'first' | 'last' | 'due'>): void {
    const { actor, organizationId, reason, route } = refused;
    const name = JSON.stringify([actor.kind, actor.id, actor.credentialId, organizationId, reason, route]);
    const now = clock.now();
    const known = kinds.get(name);
    if (known)
      Object.assign(known, { actor, count: known.count + 1, last: now, first: known.count ? known.first : now });
    else if (kinds.size >= limit) uncounted++;
    else kinds.set(name, { ...refused, count: 1, first: now, last: now, due: 0 });
  }

  async function write(batch: readonly Folded[], notKept: number): Promise<void> {
    await store.transaction(async (repos) => {
      for (const { actor, organizationId, reason, route, status, count, first, last } of batch) {
        await audit.record(repos, actor, {
          action: 'access.refused',
          organizationId,
          target: route,
          detail: { reason, status, count, first: first.toISOString(), last: last.toISOString() },
        });
      }
      if (notKept > 0) {
        const actor: Actor = { kind: 'system', id: null, credentialId: null, address: null };
        await audit.record(repos, actor, {
          action: 'access.refused_uncounted',
          organizationId: null,
          detail: { count: notKept },
        });
      }
    });
  }

  const flush = oneAtATime(async (everything: boolean): Promise<void> => {
    const now = clock.now().getTime();
    const due = [...kinds].filter(([, { due: at }]) => everything || at <= now);
    const notKept = uncounted;
    uncounted = 0;
    for (const [name, { count }] of due) if (count === 0) kinds.delete(name);
    const written = due.map(([, kind]) => kind).filter(({ count }) => count > 0);
    for (let at = 0; at < written.length || (at === 0 && notKept > 0); at += writesPerTransaction) {
      const batch = written.slice(at, at + writesPerTransaction);
      const copies = batch.map((kind) => ({ ...kind }));
      for (const kind of batch) Object.assign(kind, { count: 0, due: now + repeatMs });
      try {
        await write(copies, at === 0 ? notKept : 0);
      } catch (error) {
        // Counted again, for the next time.
        batch.forEach((kind, index) => {
          const copy = copies[index];
          if (copy) Object.assign(kind, { count: kind.count + copy.count, first: copy.first, due: 0 });
        });
        if (at === 0) uncounted += notKept;
        throw error;
      }
    }
  });

  const periodic = createPeriodic({
    run: () => flush(false),
    intervalMs,
    onError: (err) => log.warn({ err }, 'refusals could not be written to the audit log yet'),
  });
  periodic.start();

  return {
    /** Notes it if it is a refusal of a credential that is known: one with a reason, and an owner. Never throws, never waits. */
    note(request: FastifyRequest, error: unknown): void {
      if (!(error instanceof AppError) || typeof error.details.reason !== 'string') return;
      if (error.status !== 401 && error.status !== 403) return;
      const from = { ...(request.principal && credentialOf(request.principal)), ...error.credential };
      if (!from.kind) return;
      const { kind, ownerId: id = null, tokenId = null, parentTokenId = null, organizationId } = from;
      add({
        actor: { kind, id, credentialId: tokenId, parentCredentialId: parentTokenId, ...originOf(request) },
        organizationId: organizationId ?? request.organization?.id ?? null,
        route: `${request.method} ${request.routeOptions.url ?? ''}`,
        reason: error.details.reason,
        status: error.status,
      });
    },
    flush: () => flush(true),
    async close(): Promise<void> {
      await periodic.close();
      await flush(true);
    },
  };
}
export type RefusalLog = ReturnType<typeof createRefusalLog>;

/** Of a credential that was good, and was refused for what it asked. */
function credentialOf(principal: Principal): RefusedCredential {
  const { kind, id, credentialId, parentCredentialId = null } = actorOf(principal, { address: '' });
  const organizationId = 'organizationId' in principal ? principal.organizationId : null;
  return { kind, tokenId: credentialId, parentTokenId: parentCredentialId, ownerId: id, organizationId };
}
