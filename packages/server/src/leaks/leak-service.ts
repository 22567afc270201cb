import type { LeakList, LeakQuery } from '@pipecat-cloud/contract/leaks';
import type { Store } from '../db/store.js';

export function createLeakService({ store }: { store: Store }) {
  return {
    /** Findings in the organization's own places, and of its own credentials elsewhere; seen last first. */
    async list(organizationId: string, { limit = 50, offset = 0 }: LeakQuery): Promise<LeakList> {
      const { findings, total } = await store.leaks.list(organizationId, { limit, offset });
      return {
        findings: findings.map(({ id, credential, belongs, place, firstSeenAt, lastSeenAt, count, revoked }) => ({
          id,
          // Whose a stranger's credential is, is not for this organization to know.
          credential: { ...credential, id: belongs ? credential.id : null },
          place,
          firstSeenAt,
          lastSeenAt,
          count,
          revoked,
        })),
        total,
        limit,
        offset,
      };
    },
  };
}
export type LeakService = ReturnType<typeof createLeakService>;
