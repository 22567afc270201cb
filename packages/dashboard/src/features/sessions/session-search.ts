import type { EndState, SessionQuery } from '@pipecat-cloud/contract/sessions';
import { timeOf } from '../logs/log-search';

/** What the page's address holds. */
export interface SessionSearch {
  agent?: string;
  status?: string;
  /** How it ended. */
  end?: string;
  start?: string;
  deployment?: string;
  since?: string;
  until?: string;
  page?: string;
}

export const pageSize = 50;

/** Ways to end, in words; the schema's own list would bring its validator along. */
export const endings: Readonly<Record<Exclude<EndState, 'active'>, string>> = {
  completed: 'Completed',
  terminated: 'Stopped, or out of time',
  agent_error: 'The agent failed',
  agent_start_timeout: 'The agent did not start in time',
  ended_before_agent_start: 'Ended before the agent started',
  unknown: 'Another way',
};

export const pageOf = ({ page }: SessionSearch) => Math.min(20_000, Math.max(1, Math.floor(Number(page)) || 1));

/** The query of the API. What the address says that it does not take is left out. */
export function sessionQueryOf(search: SessionSearch, now?: number): SessionQuery {
  const { status, end, start, deployment, since, until } = search;
  const [startTime, endTime] = [timeOf(since, now), timeOf(until, now)];
  return {
    limit: pageSize,
    offset: (pageOf(search) - 1) * pageSize,
    ...(status === 'active' || status === 'ended' ? { status } : {}),
    ...(end !== undefined && end in endings ? { endState: end as EndState } : {}),
    ...(start === 'cold' || start === 'warm' ? { startType: start } : {}),
    ...(deployment ? { deploymentId: deployment.slice(0, 64) } : {}),
    ...(startTime !== undefined && { startTime }),
    ...(endTime !== undefined && { endTime }),
  };
}

/** Without empty members. */
export function filled(search: SessionSearch): SessionSearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value));
}
