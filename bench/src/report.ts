import { type Goal, type Measurement, meets } from './figure.js';

/** One JSON object, without a line end. `goal` is text such as `>= 0.6`, or null. */
export function jsonLine(measurement: Measurement): string {
  const { name, value, unit, goal, min, max, rounds, note } = measurement;
  return JSON.stringify({
    name,
    value: round(value),
    unit,
    goal: goal && `${goal.kind === 'atLeast' ? '>=' : '<='} ${goal.value}`,
    ok: meets(measurement),
    min: round(min),
    max: round(max),
    rounds,
    note,
  });
}

/** Columns for people; one line per measurement. */
export function table(measurements: readonly Measurement[]): string {
  const rows = measurements.map((measurement) => {
    const { name, value, unit, goal, min, max, note } = measurement;
    return [
      name,
      `${round(value)} ${unit}`,
      `${round(min)}–${round(max)}`,
      goal ? shown(goal) : '',
      goal ? (meets(measurement) ? 'met' : 'MISSED') : '',
      note,
    ];
  });
  const lines = [['FIGURE', 'MEDIAN', 'SPREAD', 'GOAL', '', 'BEHIND IT'], ...rows];
  const widths = lines.reduce<number[]>(
    (found, line) => line.map((cell, column) => Math.max(found[column] ?? 0, cell.length)),
    [],
  );
  return lines.map((line) => line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')).join('\n');
}

const shown = ({ kind, value }: Goal) => `${kind === 'atLeast' ? '≥' : '≤'} ${value}`;

/** Three significant digits, but no fewer than all before the point. */
export function round(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
