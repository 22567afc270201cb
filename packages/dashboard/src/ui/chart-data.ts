/** A row of values over a chart's times; `null` is a gap. */
export interface ChartSeries {
  name: string;
  values: readonly (number | null)[];
  /** A line when left out. */
  look?: 'line' | 'area' | 'bars';
  /** A colour of CSS; the next of the palette when left out. */
  color?: string;
}

const hues = 6;

/** The colour of the series at a place, in the words of CSS. */
export const colorAt = (series: ChartSeries, index: number) => series.color ?? `var(--chart-${(index % hues) + 1})`;

/**
 * The values as they are drawn. Stacked, each is added to those before it, and what reaches highest comes first, so that those below are
 * painted over it. A time at which no series has a value stays a gap.
 */
export function drawnValues(series: readonly ChartSeries[], stacked: boolean): (number | null)[][] {
  if (!stacked) return series.map(({ values }) => [...values]);
  const empty = (at: number) => series.every(({ values }) => (values[at] ?? null) === null);
  let below: (number | null)[] = [];
  return series
    .map(({ values }) => {
      below = values.map((value, at) => (empty(at) ? null : (below[at] ?? 0) + (value ?? 0)));
      return below;
    })
    .reverse();
}

/** The place in the series of what is drawn at a place. */
export const drawnPlace = (place: number, length: number, stacked: boolean) => (stacked ? length - 1 - place : place);

/** The first and last time of the axis: bars stand on their time and need half a step at each side, a single time needs some room. */
export function timeRange(times: readonly number[], bars: boolean, day: number): [number, number] {
  const first = times[0] ?? 0;
  const last = times.at(-1) ?? first;
  const step = times.length > 1 ? (last - first) / (times.length - 1) : day;
  const room = bars || first === last ? step / 2 : 0;
  return [first - room, last + room];
}

/** From nothing to a little above the highest value, so that a chart does not make much of small changes. */
export function valueRange(min: number | null, max: number | null): [number, number] {
  const low = Math.min(0, min ?? 0);
  const high = Math.max(0, max ?? 0);
  return low === high ? [0, 1] : [low * 1.05, high * 1.05];
}

/** Where a key leads from a place (`undefined`: nowhere yet); `null` lets go of the place, `undefined` means that the key has no meaning. */
export function placeAfter(key: string, place: number | undefined, length: number): number | null | undefined {
  const last = length - 1;
  if (key === 'ArrowRight' || key === 'ArrowUp') return Math.min(last, place === undefined ? 0 : place + 1);
  if (key === 'ArrowLeft' || key === 'ArrowDown') return Math.max(0, place === undefined ? last : place - 1);
  if (key === 'Home') return 0;
  if (key === 'End') return last;
  return key === 'Escape' ? null : undefined;
}
