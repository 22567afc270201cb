import { InvalidArgumentError } from 'commander';

const unitMs: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** Parser for commander of a time: ISO 8601, or how long ago: `30m`, `12h`, `7d`, `2w`. Gives ISO 8601 in UTC. */
export function when(text: string): string {
  const ago = /^(\d{1,5})([mhdw])$/.exec(text);
  const time = ago ? Date.now() - Number(ago[1]) * (unitMs[ago[2] ?? ''] ?? 0) : Date.parse(text);
  if (Number.isNaN(time) || (!ago && !/^\d{4}-\d\d/.test(text))) {
    throw new InvalidArgumentError('Give a time such as 2026-05-04T10:00:00Z, or how long ago: 12h, 7d.');
  }
  return new Date(time).toISOString();
}
