import { type LogLevel, logLevels } from '@pipecat-cloud/contract/log-levels';
import type { LogQuery } from '@pipecat-cloud/contract/logs';

/** What the page's address holds. */
export interface LogSearch {
  agent?: string;
  /** Several with commas. */
  level?: string;
  query?: string;
  session?: string;
  deployment?: string;
  /** Back from now, as in `2h`, or a point in time. */
  since?: string;
  until?: string;
  /** The line that is chosen. */
  line?: string;
}
export type LogFilter = Pick<LogQuery, 'deploymentId' | 'sessionId' | 'query' | 'level' | 'startTime' | 'endTime'>;

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
/** As the API asks for it; the schema's own module would bring its validator along. */
const cursorPattern = /^[0-9a-z]{1,8}\.[0-9a-z]{1,10}$/;

/** `2h` before now, or a date with or without a time, in Unix seconds; undefined for what is neither. */
export function timeOf(text: string | undefined, now = Date.now()): number | undefined {
  const span = /^(\d{1,6})([smhdw])$/.exec(text ?? '');
  if (span) return Math.floor(now / 1000) - Number(span[1]) * (seconds[span[2] ?? ''] ?? 0);
  const at = Date.parse(text ?? '');
  return Number.isNaN(at) ? undefined : at / 1000;
}

/** The levels that the address names, from the least to the most severe; none for all. */
export function levelsOf({ level = '' }: LogSearch): LogLevel[] {
  const named = level.toUpperCase().split(',');
  return logLevels.filter((each) => named.includes(each));
}

/** The query of the API. What the address says that it does not take is left out. */
export function logFilterOf(search: LogSearch, now?: number): LogFilter {
  const levels = levelsOf(search).join(',');
  const [startTime, endTime] = [timeOf(search.since, now), timeOf(search.until, now)];
  return {
    ...(levels && { level: levels }),
    ...(search.query && { query: search.query.slice(0, 500) }),
    ...(search.session && { sessionId: search.session.slice(0, 64) }),
    ...(search.deployment && { deploymentId: search.deployment.slice(0, 64) }),
    ...(startTime !== undefined && { startTime }),
    ...(endTime !== undefined && { endTime }),
  };
}

/** Without empty members, and without the line: what is searched for. */
export function withoutLine({ line: _, ...search }: LogSearch): LogSearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value));
}

/** A cursor as it stands in an address: with a point, the router would take some for numbers (`1.20`). */
export const lineText = (cursor: string) => cursor.replace('.', '-');

/** The cursor that the address names; undefined for what can be none. */
export function lineOf({ line }: LogSearch): string | undefined {
  const cursor = line?.replace('-', '.');
  return cursor && cursorPattern.test(cursor) ? cursor : undefined;
}

/** The address of one line among those around it, whatever it was found with. */
export const lineSearch = (agent: string, cursor: string): LogSearch => ({ agent, line: lineText(cursor) });
