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

/**
 * Lines of aligned columns under a heading. Where they don't fit, the widest columns are cut with an ellipsis, and where that is
 * not enough the last ones left out; never the first, which holds the name or id that gets copied.
 */
export function table(
  allHeadings: readonly string[],
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string {
  const all = rows.map((row) => row.map((cell) => clean(cell).replaceAll('\n', ' ')));
  const count = fittingColumns(allHeadings, all, options.width);
  const headings = allHeadings.slice(0, count);
  const cells = all.map((row) => row.slice(0, count));
  const wanted = headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const room = options.width === undefined ? Infinity : options.width - gap.length * (wanted.length - 1);
  const widths = shrink(wanted, room);
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

function fittingColumns(
  headings: readonly string[],
  cells: readonly (readonly string[])[],
  width: number | undefined,
): number {
  const least = headings.map((heading, column) => {
    const wanted = Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0));
    return column === 0 ? wanted : Math.min(wanted, narrowest);
  });
  let [count, needed] = [headings.length, least.reduce((sum, one) => sum + one + gap.length, -gap.length)];
  while (width !== undefined && needed > width && count > 1) needed -= (least[--count] ?? 0) + gap.length;
  return count;
}

function shrink([first = 0, ...rest]: readonly number[], available: number): number[] {
  let excess = first + rest.reduce((sum, width) => sum + width, 0) - available;
  while (excess > 0) {
    const widest = Math.max(0, ...rest);
    if (widest <= narrowest) break;
    rest[rest.indexOf(widest)] = widest - 1;
    excess--;
  }
  return [first, ...rest];
}

function fitted(text: string, width: number, last: boolean): string {
  if (text.length > width) return `${text.slice(0, Math.max(0, width - 1))}…`;
  return last ? text : text.padEnd(width + text.length - stripVTControlCharacters(text).length);
}
