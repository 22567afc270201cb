export interface Spread {
  median: number;
  min: number;
  max: number;
  rounds: number;
}

/** Throws for no values: a figure without rounds is none. */
export function spreadOf(values: readonly number[]): Spread {
  return {
    median: percentile(values, 0.5),
    min: percentile(values, 0),
    max: percentile(values, 1),
    rounds: values.length,
  };
}

/** The value below which `share` (0 to 1) of all lie, interpolated between neighbours. Throws for no values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) throw new Error('There are no values to take a percentile of');
  return below + (above - below) * (place - Math.floor(place));
}

/** The order of contenders in a round turns with each round, so that none always runs on what another left behind. */
export function turned<T>(contenders: readonly T[], round: number): T[] {
  const by = round % contenders.length;
  return [...contenders.slice(by), ...contenders.slice(0, by)];
}
