import type { Client } from '@pipecat-cloud/contract/client';
import type * as contract from '@pipecat-cloud/contract/logs';
import { ascending, byTime } from './log-lines.js';
import type { FollowOptions } from './poll-logs.js';

const largestPage: typeof contract.logPageMaximum = 10_000;

/**
 * The newest lines that match, oldest first, in as many pages as that takes. Lines that arrive meanwhile push others into the next
 * page; by its cursor each is taken once.
 */
export async function readNewest(
  api: Client,
  org: string,
  name: string,
  { limit, filter }: FollowOptions,
): Promise<contract.LogList> {
  const query = { ...filter, order: 'desc' as const };
  const first = await api.readLogs(org, name, { ...query, limit: Math.min(limit, largestPage) });
  let logs = ascending(first.logs);
  const seen = new Set(first.logs.map(({ cursor }) => cursor));
  let [taken, isLast] = [first.logs.length, first.logs.length < largestPage];
  for (let offset = largestPage; !isLast && taken < limit; offset += largestPage) {
    const page = (await api.readLogs(org, name, { ...query, limit: largestPage, offset })).logs;
    const more = page.filter(({ cursor }) => cursor === undefined || !seen.has(cursor));
    for (const { cursor } of more) seen.add(cursor);
    taken += more.length;
    isLast = page.length < largestPage || more.length === 0;
    logs = [...ascending(more), ...logs].sort(byTime);
  }
  return { logs: logs.slice(-limit), total: first.total };
}
