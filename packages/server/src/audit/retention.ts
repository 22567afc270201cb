import { type AuditLine, type ChainProblem, createChainChecker } from '@pipecat-cloud/contract/audit-chain';
import type { Logger } from 'pino';
import { systemActor } from '../access/principal.js';
import type { Store } from '../db/store.js';
import type { Clock } from '../system.js';
import type { Audit } from './audit-service.js';
import { type ChainHead, organizationOfChain, pointOf } from './chain-head.js';

interface RetentionDeps {
  store: Store;
  clock: Clock;
  audit: Audit;
  log: Pick<Logger, 'error'>;
  /** 0 keeps records for ever. */
  days: number;
  /** Records removed in one transaction. */
  batch?: number;
}

const dayMs = 24 * 60 * 60 * 1000;

/**
 * Removes records that are older than so many days, from the old end of each chain, and leaves `audit.pruned` in it. The head keeps
 * the hash of the last one removed, so that the rest can still be checked. What does not verify is never removed: it is evidence.
 */
export function createAuditRetention({ store, clock, audit, log, days, batch = 2000 }: RetentionDeps) {
  /** False when there is nothing (more) to remove. */
  async function pruneOnce(chain: string, before: Date): Promise<boolean> {
    return await store.transaction(async (repos) => {
      if ((await repos.audit.olderThan(chain, before)) === undefined) return false;
      const head = await repos.audit.lockHead(chain);
      // Asked again under the lock: another control plane may have pruned meanwhile, and its own record of that is young.
      const upTo = await repos.audit.olderThan(chain, before);
      if (upTo === undefined || upTo <= head.anchor.seq || !repos.audit.isSealed(head)) return false;
      const organizationId = organizationOfChain(chain);
      const count = Math.min(upTo, head.head.seq, head.anchor.seq + batch) - head.anchor.seq;
      // One more than is removed: it bears witness to the last of them.
      const lines = await repos.audit.page(chain, head.anchor.seq, head.head.seq, count + 1);
      const problem = problemOf(lines, head, organizationId);
      if (problem) {
        log.error(
          { chain, seq: problem.seq },
          `audit records are kept, because their chain is broken: ${problem.what}`,
        );
        return false;
      }
      const last = lines[count - 1];
      if (!last) return false;
      await repos.audit.removeUpTo(head, pointOf(last));
      await audit.record(repos, systemActor, {
        action: 'audit.pruned',
        organizationId,
        detail: { records: count, from: head.anchor.seq + 1, to: last.seq, before: before.toISOString() },
      });
      return upTo > last.seq;
    });
  }

  return {
    /** Safe to repeat, and to run on several control planes at once. */
    async prune(): Promise<void> {
      if (days === 0) return;
      const before = new Date(clock.now().getTime() - days * dayMs);
      for (const chain of await store.audit.chains()) while (await pruneOnce(chain, before));
    },
  };
}

function problemOf(
  lines: readonly AuditLine[],
  { anchor, head }: ChainHead,
  organizationId: string | null,
): Omit<ChainProblem, 'hash'> | undefined {
  const checker = createChainChecker({ ...anchor, organizationId });
  for (const line of lines) {
    const problem = checker.add(line);
    if (problem) return problem;
  }
  const last = checker.state.last ?? anchor;
  const cut = last.seq === head.seq && last.hash !== head.hash;
  return cut ? { seq: last.seq, what: 'it is not the one that the head of the chain names' } : undefined;
}
