import { ago, dateTime } from '../lib/format';

/** "2 hours ago", with the exact time for who points at it. */
export function Time({ at, capital = false }: { at: string; capital?: boolean }) {
  const words = ago(at);
  return (
    <time dateTime={at} title={dateTime(at)}>
      {capital ? words.charAt(0).toUpperCase() + words.slice(1) : words}
    </time>
  );
}
