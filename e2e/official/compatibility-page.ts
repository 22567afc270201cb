import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { inRoot } from '../src/support/paths.js';

/** One table of docs/compatibility.md: a row says of a command or a route what came of it with each client. */
export interface CompatibilityTable {
  columns: readonly string[];
  rows: readonly (readonly string[])[];
}

const file = inRoot('docs/compatibility.md');
const writes = process.env.PIPECAT_CLOUD_TEST_WRITE_COMPATIBILITY === '1';

/**
 * Compares the section `name` of docs/compatibility.md with what a suite has just found; call it as the suite's last test. The section
 * stands between `<!-- name -->` and `<!-- /name -->`. With PIPECAT_CLOUD_TEST_WRITE_COMPATIBILITY=1 it is written instead. A cell says
 * pass or the reason why not: none may be empty.
 */
export function compareSection(name: string, table: CompatibilityTable): void {
  for (const row of table.rows) {
    if (row.length !== table.columns.length) throw new Error(`a row of ${name} has ${row.length} cells: ${row[0]}`);
    const untold = row.findIndex((cell) => cell.trim() === '' || /not tried/i.test(cell));
    if (untold >= 0) throw new Error(`${name}, ${row[0]}: nothing is known about '${table.columns[untold]}'`);
  }
  const page = readFileSync(file, 'utf8');
  const [opening, closing] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [start, end] = [page.indexOf(opening), page.indexOf(closing)];
  if (start < 0 || end < start) throw new Error(`docs/compatibility.md has no place for ${opening} … ${closing}`);
  const found = `${opening}\n\n${markdown(table)}\n\n${closing}`;
  if (writes) {
    writeFileSync(file, page.slice(0, start) + found + page.slice(end + closing.length));
    return;
  }
  const again = 'PIPECAT_CLOUD_TEST_WRITE_COMPATIBILITY=1 npm test -- e2e/official writes it anew';
  expect(page.slice(start, end + closing.length), `docs/compatibility.md, section ${name}: ${again}`).toBe(found);
}

function markdown({ columns, rows }: CompatibilityTable): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}
