import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api } from '../../lib/api';
import { type SessionSearch, sessionQueryOf } from './session-search';

/** What runs changes by itself: asked for again while the page is visible. */
const refetchInterval = 5_000;

export const sessionsQuery = (org: string, agent: string, search: SessionSearch) =>
  queryOptions({
    queryKey: ['org', org, 'agents', agent, 'sessions', search] as const,
    queryFn: () => api.listSessions(org, agent, sessionQueryOf(search)),
    refetchInterval,
    placeholderData: keepPreviousData,
  });

export const sessionQuery = (org: string, agent: string, id: string) =>
  queryOptions({
    queryKey: ['org', org, 'agents', agent, 'session', id] as const,
    queryFn: () => api.getSession(org, agent, id),
    // Its last measurements come a moment after its end.
    refetchInterval: ({ state: { data } }) => (data && isOver(data.endedAt) ? false : refetchInterval),
  });

export const traceQuery = (org: string, agent: string, id: string) =>
  queryOptions({
    queryKey: ['org', org, 'agents', agent, 'session', id, 'trace'] as const,
    queryFn: () => api.getSessionTrace(org, agent, id),
    refetchInterval: ({ state: { data } }) => (data?.outcome === 'starting' ? refetchInterval : false),
  });

const isOver = (endedAt: string | null) => endedAt !== null && Date.now() - Date.parse(endedAt) > 30_000;
