import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { type ChartSeries, colorAt, drawnPlace, timeRange, valueRange } from './chart-data';

/** What a plot asks for each time that it draws, so that it is made once and follows its component. */
export interface PlotState {
  times: readonly number[];
  series: readonly ChartSeries[];
  marked: { from: number; to: number } | undefined;
  format: (value: number) => string;
  /** The place that the cursor points at. */
  onPlace: (place: number | undefined) => void;
}
/** What a plot is made with; a change makes a new one. */
export interface PlotShape {
  stacked: boolean;
  days: boolean;
  height: number;
  sync: string | undefined;
}

const dayLength = 86_400_000;

/** Puts a plot into `host` that keeps to its width and to the page's colours. */
export function createPlot(
  host: HTMLElement,
  shape: PlotShape,
  data: uPlot.AlignedData,
  state: () => PlotState,
): uPlot {
  const resolve = colorResolver(host);
  const drawn = drawnSeries(state().series, shape.stacked, resolve);
  const bars = state().series.some(({ look }) => look === 'bars');
  const axis = { stroke: () => resolve('var(--muted)'), ticks: { show: false }, font: '12px system-ui, sans-serif' };
  const grid = { stroke: () => resolve('var(--line)'), width: 1 };
  const options: uPlot.Options = {
    width: host.clientWidth,
    height: shape.height,
    ms: 1,
    legend: { show: false },
    padding: [8, 12, 0, 0],
    ...(shape.days && { tzDate: (time: number) => uPlot.tzDate(new Date(time), 'UTC') }),
    scales: {
      x: { range: () => timeRange(state().times, bars, dayLength) },
      y: { range: (_plot, min, max) => valueRange(min, max) },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 32,
        // A day, or a time of day with its seconds.
        space: shape.days ? 56 : 96,
        ...(shape.days && { incrs: [1, 2, 7, 14, 28, 91].map((days) => days * dayLength) }),
        values: (_plot, times, _axis, _space, step) => times.map((time) => timeWords(time, step, shape.days)),
      },
      {
        ...axis,
        grid,
        size: (_plot, values) => 16 + 7 * Math.max(2, ...(values ?? []).map(({ length }) => length)),
        values: (_plot, values) => values.map((value) => state().format(value)),
      },
    ],
    series: [{}, ...drawn],
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: bars ? { show: false } : { size: 8 },
      ...(shape.sync !== undefined && { sync: { key: shape.sync, setSeries: false } }),
    },
    hooks: {
      drawClear: [(plot) => drawMark(plot, state().marked, resolve)],
      setCursor: [(plot) => state().onPlace(plot.cursor.idx ?? undefined)],
    },
  };
  return new uPlot(options, data, host);
}

/** Follows the width of its place and the page's appearance, until the returned function is called. */
export function follow(plot: uPlot, host: HTMLElement): () => void {
  const resized = new ResizeObserver(() => plot.setSize({ width: host.clientWidth, height: plot.height }));
  resized.observe(host);
  // Bars keep the colours with which their shapes were made.
  const repaint = () => plot.redraw();
  const chosen = new MutationObserver(repaint);
  chosen.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  scheme.addEventListener('change', repaint);
  return () => {
    resized.disconnect();
    chosen.disconnect();
    scheme.removeEventListener('change', repaint);
  };
}

/** The library's types leave out the last parameter, which tells the charts that share the cursor. */
type SetCursor = (at: { left: number; top: number }, fireHook: boolean, publish: boolean) => void;

/** Points at a time as the pointer would, in all charts that share the cursor; at none without one. */
export function pointAt(plot: uPlot, time: number | undefined): void {
  const at =
    time === undefined ? { left: -10, top: -10 } : { left: plot.valToPos(time, 'x'), top: plot.over.clientHeight / 2 };
  (plot.setCursor as SetCursor)(at, true, true);
}

function drawnSeries(series: readonly ChartSeries[], stacked: boolean, resolve: (color: string) => string) {
  return series.map((_series, place): uPlot.Series => {
    const index = drawnPlace(place, series.length, stacked);
    const one = series[index] as ChartSeries;
    const color = colorAt(one, index);
    const stroke = () => resolve(color);
    if (one.look === 'bars') {
      return {
        stroke,
        fill: stroke,
        width: 0,
        points: { show: false },
        paths: uPlot.paths.bars?.({ size: [0.7, 48] }) as uPlot.Series.PathBuilder,
      };
    }
    if (one.look === 'area') {
      const ground = stacked ? 'var(--card)' : 'transparent';
      return {
        stroke,
        fill: () => resolve(`color-mix(in srgb, ${color} 35%, ${ground})`),
        width: 1.5,
        points: { show: false },
      };
    }
    // The second line is told from the first without its colour too.
    const dash = [[], [8, 4], [2, 4], [12, 4, 2, 4]][index % 4] as number[];
    return { stroke, width: 2, dash, points: { size: 5, fill: stroke } };
  });
}

function drawMark(plot: uPlot, marked: PlotState['marked'], resolve: (color: string) => string): void {
  if (!marked) return;
  const { left, top, width, height } = plot.bbox;
  const inside = (time: number) => Math.min(left + width, Math.max(left, plot.valToPos(time, 'x', true)));
  const from = inside(marked.from);
  plot.ctx.fillStyle = resolve('color-mix(in srgb, var(--accent) 16%, transparent)');
  plot.ctx.fillRect(from, top, Math.max(2, inside(marked.to) - from), height);
}

/** A canvas knows no variables and no schemes: what a colour of the page is at this moment. */
function colorResolver(host: HTMLElement): (color: string) => string {
  const probe = document.createElement('span');
  probe.hidden = true;
  host.append(probe);
  return (color) => {
    probe.style.color = color;
    return getComputedStyle(probe).color;
  };
}

function timeWords(time: number, step: number, days: boolean): string {
  const zone = days ? { timeZone: 'UTC' } : {};
  const words: Intl.DateTimeFormatOptions =
    step >= dayLength
      ? { month: 'short', day: 'numeric' }
      : { hour: 'numeric', minute: '2-digit', ...(step < 60_000 && { second: '2-digit' }) };
  return new Date(time).toLocaleString('en', { ...words, ...zone });
}
