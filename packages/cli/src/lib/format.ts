/** `2026-04-20 10:00:00`, in UTC; the text itself where it is no time. */
export function time(iso: string | null | undefined): string {
  if (!iso) return '-';
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : at.toISOString().slice(0, 19).replace('T', ' ');
}

/** The same to the minute, for tables. */
export function minute(iso: string | null | undefined): string {
  return time(iso).replace(/:\d\d$/, '');
}

/** Only the day: `2026-04-20`. */
export function day(iso: string | null | undefined): string {
  return time(iso).slice(0, 10);
}

/** `48s`, `3m 05s`, `2h 10m`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${String(whole % 60).padStart(2, '0')}s`;
  return `${Math.floor(whole / 3600)}h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')}m`;
}

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  if (count < 1024 ** 2) return `${(count / 1024).toFixed(1)} KiB`;
  if (count < 1024 ** 3) return `${(count / 1024 ** 2).toFixed(1)} MiB`;
  return `${(count / 1024 ** 3).toFixed(1)} GiB`;
}

export function cores(millicores: number): string {
  return `${(millicores / 1000).toFixed(2)} cores`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

export interface Spread {
  average: number;
  p5: number;
  p95: number;
}

/** Average and percentiles by linear interpolation between ranks; undefined for no values. */
export function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (fraction: number) => {
    const rank = fraction * (sorted.length - 1);
    const low = sorted[Math.floor(rank)] ?? 0;
    const high = sorted[Math.ceil(rank)] ?? low;
    return low + (high - low) * (rank - Math.floor(rank));
  };
  return { average: values.reduce((sum, value) => sum + value, 0) / values.length, p5: at(0.05), p95: at(0.95) };
}

const blocks = '▁▂▃▄▅▆▇█';

/** One character per value, at most `width`: more values are averaged in buckets (contract §12.2). */
export function sparkline(values: readonly number[], width = 50): string {
  const points = values.length > width ? buckets(values, width) : values;
  const low = Math.min(...points);
  const high = Math.max(...points);
  return points
    .map((value) => blocks[high === low ? 3 : Math.min(7, Math.floor(((value - low) / (high - low)) * 8))])
    .join('');
}

function buckets(values: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const part = values.slice(
      Math.floor((index * values.length) / count),
      Math.floor(((index + 1) * values.length) / count),
    );
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}
