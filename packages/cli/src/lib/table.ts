import { stripVTControlCharacters } from 'node:util';
import { clean } from './text.js';

export interface TableOptions {
  /** Terminal columns to fit into; undefined where output is not a terminal, so that nothing is cut. */
  width?: number | undefined;
  head?: (text: string) => string;
  /** Paints a cell after it has been cut and padded. */
  paint?: (text: string, row: number, column: number) => string;
}

const gap = '  ';
const narrowest = 6;
const timePattern = /^\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d)?)?$/;
/** A time that is cut to its day. */
const day = '2026-05-04…'.length;

/**
 * Lines of aligned columns under a heading. Where they don't fit, the widest columns are cut with an ellipsis, times last and
 * to the day at most, and where that is not enough the last ones left out; never the first, which holds the name or id that gets copied.
 */
export function table(
  allHeadings: readonly string[],
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string {
  const all = rows.map((row) => row.map((cell) => clean(cell).replaceAll('\n', ' ')));
  const columns = allHeadings.map((heading, at) =>
    columnOf(
      heading,
      all.map((row) => row[at] ?? ''),
      at === 0,
    ),
  );
  const count = fittingColumns(columns, options.width);
  const headings = allHeadings.slice(0, count);
  const cells = all.map((row) => row.slice(0, count));
  const room = options.width === undefined ? Infinity : options.width - gap.length * (count - 1);
  const widths = shrink(columns.slice(0, count), room);
  const line = (row: readonly string[], paint: (text: string, column: number) => string) =>
    row
      .map((cell, column) => paint(fitted(cell, widths[column] ?? 0, column === row.length - 1), column))
      .join(gap)
      .trimEnd();
  const head = line(headings, (text) => options.head?.(text) ?? text);
  const body = cells.map((row, index) => line(row, (text, column) => options.paint?.(text, index, column) ?? text));
  return [head, ...body].join('\n');
}

/** One line a row, tabs between values that are whole: for `cut`, `awk` and their kin. */
export function tabbed(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const cell = (text: string) => clean(text).replace(/[\t\n]+/g, ' ');
  return [headings, ...rows].map((row) => row.map(cell).join('\t')).join('\n');
}

/** `Label  value` lines with the values aligned. */
export function fields(
  rows: readonly (readonly [label: string, value: string])[],
  label = (text: string) => text,
): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${label(name.padEnd(width))}${gap}${value}`).join('\n');
}

interface Column {
  wanted: number;
  /** What it is cut to at most. */
  least: number;
  /** Whether others are cut before it. */
  isTime: boolean;
}

function columnOf(heading: string, cells: readonly string[], isFirst: boolean): Column {
  const wanted = Math.max(heading.length, ...cells.map((cell) => cell.length));
  const isTime = cells.some((cell) => timePattern.test(cell));
  return { wanted, least: isFirst ? wanted : Math.min(wanted, isTime ? day : narrowest), isTime };
}

function fittingColumns(columns: readonly Column[], width = Infinity): number {
  let [count, needed] = [columns.length, columns.reduce((sum, { least }) => sum + least + gap.length, -gap.length)];
  while (needed > width && count > 1) needed -= (columns[--count]?.least ?? 0) + gap.length;
  return count;
}

/** The widest first, and times after all others: of half of one only the year would be left. */
function shrink(columns: readonly Column[], available: number): number[] {
  const widths = columns.map(({ wanted }) => wanted);
  let excess = widths.reduce((sum, width) => sum + width, 0) - available;
  for (const times of [false, true]) {
    while (excess > 0) {
      const cuttable = columns.map(({ least, isTime }, at) =>
        isTime === times && (widths[at] ?? 0) > least ? (widths[at] ?? 0) : 0,
      );
      const widest = Math.max(...cuttable);
      if (widest === 0) break;
      widths[cuttable.indexOf(widest)] = widest - 1;
      excess--;
    }
  }
  return widths;
}

function fitted(text: string, width: number, last: boolean): string {
  if (text.length > width) return `${text.slice(0, Math.max(0, width - 1))}…`;
  return last ? text : text.padEnd(width + text.length - stripVTControlCharacters(text).length);
}
