import { type KeyboardEvent, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type uPlot from 'uplot';
import { type ChartSeries, colorAt, drawnValues, placeAfter } from './chart-data';
import { createPlot, follow, type PlotShape, type PlotState, pointAt } from './chart-plot';
import { Table } from './table';

interface ChartProps {
  /** What is shown, with its unit. */
  caption: string;
  /** In milliseconds, rising. */
  times: readonly number[];
  /** Each with a value for every time. Their names differ. */
  series: readonly ChartSeries[];
  /** Each series stands on the one before it. */
  stacked?: boolean;
  /** The times are days in UTC, and are said as such. */
  days?: boolean;
  /** A value in words. */
  format?: (value: number) => string;
  height?: number;
  /** Charts with the same key share the cursor. */
  sync?: string;
  /** The time under the cursor, of this chart or of one that shares it; `undefined` when it leaves. */
  onCursor?: (time: number | undefined) => void;
  /** A stretch of time with a ground of its own. */
  marked?: { from: number; to: number };
}

const numbers = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });

/**
 * Values over time. The arrow keys walk through the times and read their values out, and a table has all of them. Give it arrays that stay
 * the same while nothing has changed. Pages that use it are loaded on their own, for the library that draws is not in every page's code.
 */
export function Chart({ format = numbers.format, stacked = false, days = false, height = 220, ...props }: ChartProps) {
  const { caption, times, series, sync, onCursor, marked } = props;
  const [place, setPlace] = useState<number>();
  const when = days ? dayWords : momentWords;
  const moment = place === undefined ? undefined : times[place];
  const valueAt = (one: ChartSeries, at: number) => {
    const value = one.values[at] ?? null;
    return value === null ? '–' : format(value);
  };
  const said =
    place === undefined || moment === undefined
      ? 'No time chosen'
      : `${when(moment)}: ${series.map((one) => `${one.name} ${valueAt(one, place)}`).join(', ')}`;
  const onPlace = (next: number | undefined) => {
    if (next === place) return;
    setPlace(next);
    onCursor?.(next === undefined ? undefined : times[next]);
  };
  const shape = { stacked, days, height, sync };
  return (
    <figure className="px-4 py-4 sm:px-5">
      <figcaption className="text-sm font-medium">{caption}</figcaption>
      <div className="mt-1 flex min-h-5 flex-wrap gap-x-4 gap-y-1 text-xs text-muted" aria-hidden="true">
        {series.map((one, index) => (
          <span key={one.name} className="inline-flex min-w-0 items-center gap-1.5">
            <span className="size-2.5 shrink-0 rounded-sm" style={{ background: colorAt(one, index) }} />
            <span className="wrap-anywhere">{one.name}</span>
            {moment !== undefined && place !== undefined && (
              <span className="tabular-nums text-ink">{valueAt(one, place)}</span>
            )}
          </span>
        ))}
        {moment !== undefined && <span className="ml-auto tabular-nums">{when(moment)}</span>}
      </div>
      {times.length === 0 ? (
        <p className="py-8 text-center text-sm text-muted">No values in this time.</p>
      ) : (
        <>
          <Plot
            key={JSON.stringify([shape, series.map(({ look, color }) => [look, color])])}
            label={`${caption}. The arrow keys read the values.`}
            said={said}
            place={place}
            shape={shape}
            state={{ times, series, marked, format, onPlace }}
          />
          <Values caption={caption} times={times} series={series} when={when} valueAt={valueAt} />
        </>
      )}
    </figure>
  );
}

interface PlotProps {
  label: string;
  said: string;
  place: number | undefined;
  shape: PlotShape;
  state: PlotState;
}

function Plot({ label, said, place, shape, state }: PlotProps) {
  const { times, series, marked } = state;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const made = useRef({ shape, state });
  const data = useMemo(
    () => [[...times], ...drawnValues(series, shape.stacked)] as uPlot.AlignedData,
    [times, series, shape.stacked],
  );
  useLayoutEffect(() => {
    made.current = { shape, state };
  });
  useLayoutEffect(() => {
    if (!host.current) return;
    const created = createPlot(host.current, made.current.shape, [[]], () => made.current.state);
    plot.current = created;
    const leave = follow(created, host.current);
    return () => {
      leave();
      created.destroy();
    };
  }, []);
  useLayoutEffect(() => plot.current?.setData(data), [data]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: drawn anew when another stretch is marked.
  useLayoutEffect(() => plot.current?.redraw(false), [marked?.from, marked?.to]);

  const onKeyDown = (event: KeyboardEvent) => {
    const next = placeAfter(event.key, place, times.length);
    if (next === undefined || !plot.current) return;
    event.preventDefault();
    pointAt(plot.current, next === null ? undefined : times[next]);
  };
  return (
    <div
      ref={host}
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={1}
      aria-valuemax={times.length}
      aria-valuenow={(place ?? 0) + 1}
      aria-valuetext={said}
      onKeyDown={onKeyDown}
      onBlur={() => plot.current && pointAt(plot.current, undefined)}
      className="mt-2 min-w-0 overflow-hidden rounded"
    />
  );
}

interface ValuesProps {
  caption: string;
  times: readonly number[];
  series: readonly ChartSeries[];
  when: (time: number) => string;
  valueAt: (series: ChartSeries, at: number) => string;
}

/** The same as a table, made when it is opened. */
function Values({ caption, times, series, when, valueAt }: ValuesProps) {
  const [open, setOpen] = useState(false);
  const columns = [
    { name: 'Time', cell: (at: number) => when(times[at] ?? 0) },
    ...series.map((one) => ({ name: one.name, cell: (at: number) => valueAt(one, at) })),
  ];
  return (
    <details className="mt-2 text-sm" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="w-fit text-muted hover:text-ink">Show as table</summary>
      {open && (
        <section
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard.
          tabIndex={0}
          aria-label={`${caption}, values`}
          className="mt-2 max-h-80 overflow-auto rounded-lg border border-line"
        >
          <Table label={caption} columns={columns} rows={[...times.keys()]} keyOf={(at) => `${at}`} />
        </section>
      )}
    </details>
  );
}

const dayWords = (time: number) => new Date(time).toLocaleDateString('en', { dateStyle: 'medium', timeZone: 'UTC' });
const momentWords = (time: number) => new Date(time).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'medium' });
