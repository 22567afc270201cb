import { timeOf } from './log-search';

/** A point in time as `datetime-local` takes it; empty for none. */
export function localMinute(text: string | undefined): string {
  const at = timeOf(text);
  if (at === undefined) return '';
  const date = new Date(at * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
