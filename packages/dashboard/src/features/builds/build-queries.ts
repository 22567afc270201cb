import type { Build, BuildStatus } from '@pipecat-cloud/contract/builds';
import { type QueryClient, queryOptions } from '@tanstack/react-query';
import { api } from '../../lib/api';

/** Also a list without open builds is asked for again: somebody may deploy. */
const refetchInterval = 5_000;
/** What is under way changes quickly. */
const openInterval = 1_500;
export const pageSize = 20;
/** Lines of one answer. */
const linesAtOnce = 5_000;

export const buildKeys = {
  all: (org: string) => ['org', org, 'builds'] as const,
  one: (org: string, id: string) => ['org', org, 'builds', id] as const,
};

export const isOpen = ({ status }: Pick<Build, 'status'>) => status === 'pending' || status === 'building';

export interface BuildFilter {
  status?: BuildStatus | undefined;
  region?: string | undefined;
  offset: number;
}

export const buildsQuery = (org: string, { status, region, offset }: BuildFilter) =>
  queryOptions({
    queryKey: [...buildKeys.all(org), 'list', { status, region, offset }] as const,
    queryFn: () =>
      api.listBuilds(org, {
        ...(status ? { status } : {}),
        ...(region ? { region } : {}),
        limit: pageSize,
        offset,
      }),
    refetchInterval,
  });

export const buildQuery = (org: string, id: string) =>
  queryOptions({
    queryKey: buildKeys.one(org, id),
    queryFn: () => api.getBuild(org, id),
    refetchInterval: ({ state }) => (state.data && isOpen(state.data) ? openInterval : false),
  });

/** All lines so far. Each reading asks only for those that came after the ones that are here. */
export const buildLogQuery = (client: QueryClient, org: string, build: Pick<Build, 'id' | 'status'>) => {
  const queryKey = [...buildKeys.one(org, build.id), 'log'] as const;
  return queryOptions({
    queryKey,
    queryFn: async () => {
      const lines = [...(client.getQueryData<readonly string[]>(queryKey) ?? [])];
      for (;;) {
        const { logs } = await api.readBuildLogs(org, build.id, { offset: lines.length, limit: linesAtOnce });
        lines.push(...logs);
        if (logs.length < linesAtOnce) return lines;
      }
    },
    refetchInterval: isOpen(build) ? openInterval : false,
  });
};
