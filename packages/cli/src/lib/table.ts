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

/** Lines of aligned columns under a heading. Where they don't fit, the widest columns are cut with an ellipsis. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string {
  const cells = rows.map((row) => row.map((cell) => clean(cell).replaceAll('\n', ' ')));
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  if (options.width !== undefined) shrink(widths, options.width - gap.length * (widths.length - 1));
  const line = (row: readonly string[], paint: (text: string, column: number) => string) =>
    row
      .map((cell, column) => paint(fitted(cell, widths[column] ?? 0, column === row.length - 1), column))
      .join(gap)
      .trimEnd();
  const head = line(headings, (text) => options.head?.(text) ?? text);
  const body = cells.map((row, index) => line(row, (text, column) => options.paint?.(text, index, column) ?? text));
  return [head, ...body].join('\n');
}

/** `Label  value` lines with the values aligned. */
export function fields(
  rows: readonly (readonly [label: string, value: string])[],
  label = (text: string) => text,
): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${label(name.padEnd(width))}${gap}${value}`).join('\n');
}

function shrink(widths: number[], available: number): void {
  for (;;) {
    const total = widths.reduce((sum, width) => sum + width, 0);
    const widest = Math.max(...widths);
    if (total <= available || widest <= narrowest) return;
    const column = widths.indexOf(widest);
    const next = Math.max(...widths.filter((_, index) => index !== column), narrowest);
    // Down to the next widest at once, or as far as needed.
    widths[column] = Math.max(narrowest, Math.min(widest - 1, Math.max(next, widest - (total - available))));
  }
}

function fitted(text: string, width: number, last: boolean): string {
  if (text.length > width) return `${text.slice(0, Math.max(0, width - 1))}…`;
  return last ? text : text.padEnd(width + text.length - stripVTControlCharacters(text).length);
}
