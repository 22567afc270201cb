import type { AuditQuery } from '@pipecat-cloud/contract/audit';
import { infiniteQueryOptions } from '@tanstack/react-query';
import { api } from '../../lib/api';

/** What the page's address holds. */
export type AuditFilter = Pick<
  AuditQuery,
  'since' | 'until' | 'actor' | 'action' | 'credential' | 'target' | 'address'
>;

export const auditQuery = (org: string, filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ['org', org, 'audit', filter] as const,
    queryFn: ({ pageParam }) =>
      api.listAudit(org, { ...filter, limit: 50, ...(pageParam === undefined ? {} : { cursor: pageParam }) }),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined,
  });
