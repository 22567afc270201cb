import type { PutSpendLimitBody, SpendLimit } from '@pipecat-cloud/contract/spend-limit';
import type { Actor, OrganizationAccess } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Repositories, Store } from '../db/store.js';
import { AppError, notFound } from '../errors.js';
import type { Clock } from '../system.js';
import { lengthsByPeriod, periodOf } from './spend-period.js';
import type { StoredSpendLimit } from './spend-repository.js';

interface SpendDeps {
  store: Store;
  clock: Clock;
  audit: Audit;
  /** What a minute of a session costs, in cents; 0 where nothing is charged. */
  centsPerMinute: number;
}
const microcentsPerCent = 1_000_000;

/**
 * What an organization's sessions cost in this calendar month, and the limit at which new ones are refused (contract §13.2). The
 * price is the installation's own; sessions that run are never ended for it.
 */
export function createSpendService({ store, clock, audit, centsPerMinute }: SpendDeps) {
  const microcentsOf = (milliseconds: number) =>
    Math.round((milliseconds / 60_000) * centsPerMinute * microcentsPerCent);

  /** Whole cents that have been reached: those of ended sessions, and of running ones up to now. */
  async function currentCents(repos: Pick<Repositories, 'spend'>, organizationId: string, now: Date): Promise<number> {
    const { name, start } = periodOf(now);
    const ended = await repos.spend.microcents(organizationId, name);
    if (centsPerMinute === 0) return Math.floor(ended / microcentsPerCent);
    const running = await repos.spend.runningSince(organizationId);
    const milliseconds = running.map((since) =>
      Math.max(0, now.getTime() - Math.max(since.getTime(), start.getTime())),
    );
    const microcents = milliseconds.reduce((sum, length) => sum + microcentsOf(length), ended);
    return Math.floor(microcents / microcentsPerCent);
  }

  /** Also keeps the time when the limit was first seen to be reached. */
  async function describe(
    repos: Pick<Repositories, 'spend'>,
    organizationId: string,
    limit: StoredSpendLimit | undefined,
  ): Promise<SpendLimit> {
    const now = clock.now();
    const { start, end } = periodOf(now);
    const currentSpendCents = await currentCents(repos, organizationId, now);
    const blocked = limit !== undefined && currentSpendCents >= limit.limitCents;
    // One of an earlier month says nothing of this one.
    const before = limit?.blockedAt && limit.blockedAt >= start.toISOString() ? limit.blockedAt : null;
    const blockedAt = blocked ? (before ?? now.toISOString()) : null;
    if (limit && blockedAt !== limit.blockedAt) {
      await repos.spend.setBlockedAt(organizationId, limit.blockedAt, blockedAt);
    }
    return {
      limitCents: limit?.limitCents ?? null,
      currentSpendCents,
      periodStart: start.toISOString(),
      periodEnd: end.toISOString(),
      blocked,
      blockedAt,
    };
  }

  return {
    /** 404 where there is neither a limit nor a price: then there is nothing to tell. */
    async get(organization: OrganizationAccess): Promise<SpendLimit> {
      const limit = await store.spend.limit(organization.id);
      if (!limit && centsPerMinute === 0) throw notFound('Spend limit of', organization.name);
      return await describe(store, organization.id, limit);
    },

    async put(organization: OrganizationAccess, actor: Actor, { limitCents }: PutSpendLimitBody): Promise<SpendLimit> {
      return await store.transaction(async (repos) => {
        const before = await repos.spend.limit(organization.id);
        const limit = limitCents === null ? undefined : { limitCents, blockedAt: before?.blockedAt ?? null };
        if (limit) await repos.spend.setLimit(organization.id, limit, clock.now());
        else await repos.spend.removeLimit(organization.id);
        if (before?.limitCents !== limit?.limitCents) {
          await audit.record(repos, actor, {
            action: 'organization.spend_limit_changed',
            organizationId: organization.id,
            target: organization.name,
            detail: { limitCents, before: before?.limitCents ?? null },
          });
        }
        return await describe(repos, organization.id, limit);
      });
    },

    /** Before a session begins: 402 where the limit is reached. */
    async check(organizationId: string): Promise<void> {
      const limit = await store.spend.limit(organizationId);
      if (!limit) return;
      const { blocked, currentSpendCents } = await describe(store, organizationId, limit);
      if (blocked) throw limitReached(limit.limitCents, currentSpendCents);
    },

    /** In the transaction that ends the session. */
    async charge(
      repos: Pick<Repositories, 'spend'>,
      session: { organizationId: string; activatedAt: string | null; endedAt: string },
    ): Promise<void> {
      if (centsPerMinute === 0 || session.activatedAt === null) return;
      const parts = lengthsByPeriod(new Date(session.activatedAt), new Date(session.endedAt));
      for (const { period, milliseconds } of parts) {
        await repos.spend.add(session.organizationId, period, microcentsOf(milliseconds));
      }
    },
  };
}
export type SpendService = ReturnType<typeof createSpendService>;

function limitReached(limitCents: number, currentSpendCents: number): AppError {
  const [limit, current] = [dollars(limitCents), dollars(currentSpendCents)];
  return new AppError(
    402,
    'SPEND_LIMIT_REACHED',
    `This organization has reached its spend limit (${current} of ${limit} in this month), so no new session begins; those that run go on. Raise or remove the limit, or wait for the next month`,
    { details: { limitCents, currentSpendCents } },
  );
}

const dollars = (cents: number) => `$${(cents / 100).toFixed(2)}`;
