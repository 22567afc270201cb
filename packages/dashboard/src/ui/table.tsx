import type { ReactNode } from 'react';

export interface Column<Row> {
  name: string;
  cell: (row: Row) => ReactNode;
  /** The heading is for screen readers alone: buttons explain themselves. */
  quiet?: boolean;
  /** Short values, which stay on one line where the rows are a table. */
  narrow?: boolean;
}
interface TableProps<Row> {
  /** What the table lists, for screen readers. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
}

/** Said aloud, for browsers to which a table whose parts are blocks is no table. */
const roles = {
  table: { role: 'table' },
  row: { role: 'row' },
  columnheader: { role: 'columnheader' },
  cell: { role: 'cell' },
} as const;

/**
 * A table where there is room, which is from 768 px on, and from 1280 px with more than four columns. Below, each row is a block with the
 * headings beside its values.
 */
export function Table<Row>({ label, columns, rows, keyOf }: TableProps<Row>) {
  return (
    <table
      {...roles.table}
      aria-label={label}
      className={`w-full text-left text-sm stacked:block ${columns.length > 4 ? 'wide-table' : ''}`}
    >
      <thead className="stacked:sr-only">
        <tr {...roles.row} className="border-b border-line text-xs text-muted">
          {columns.map(({ name, quiet }) => (
            <th {...roles.columnheader} key={name} scope="col" className="px-3 py-2.5 font-medium first:pl-5 last:pr-5">
              {quiet ? <span className="sr-only">{name}</span> : name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody className="divide-y divide-line stacked:block">
        {rows.map((row) => (
          <tr
            {...roles.row}
            key={keyOf(row)}
            className="stacked:relative stacked:block stacked:space-y-1.5 stacked:px-4 stacked:py-3.5"
          >
            {columns.map(({ name, cell, quiet, narrow }, index) => (
              <td
                {...roles.cell}
                key={name}
                className={`px-3 py-3.5 align-top first:pl-5 last:pr-5 stacked:flex stacked:gap-3 stacked:p-0! ${quiet ? 'text-right stacked:text-left' : index === 0 ? 'stacked:pr-12!' : ''} ${narrow ? 'whitespace-nowrap stacked:whitespace-normal' : ''}`}
              >
                {index > 0 && !quiet && (
                  <span aria-hidden="true" className="w-24 shrink-0 hidden text-muted stacked:block">
                    {name}
                  </span>
                )}
                <div className="min-w-0 wrap-break-word stacked:flex-1">{cell(row)}</div>
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
