import { describe, expect, test } from 'vitest';
import { bytes, duration, sparkline, spread, time } from './format.js';
import { table } from './table.js';
import { cleanLine } from './text.js';

const esc = String.fromCharCode(27);

describe('table', () => {
  const rows = [['short', 'x'.repeat(60), 'y'.repeat(30)]];

  test('fits the terminal by cutting the widest columns', () => {
    for (const width of [40, 60, 80]) {
      const lines = table(['A', 'B', 'C'], rows, { width }).split('\n');
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      expect(lines[1]).toContain('short');
      expect(lines[1]).toContain('…');
    }
    expect(table(['A', 'B', 'C'], rows)).toContain('x'.repeat(60));
    expect(table(['A', 'B', 'C'], rows, { width: 120 })).toContain('x'.repeat(60));
  });

  test('never cuts the first column', () => {
    const text = table(['A', 'B'], [['i'.repeat(36), 'x'.repeat(60)]], { width: 50 });
    expect(text).toContain(`${'i'.repeat(36)}  ${'x'.repeat(11)}…`);
  });

  test('cuts times last, and to the day at most', () => {
    const agents = [['bot', 'yes', 'a-region-of-its-own', '0192f1aa', '2026-05-04 10:30']];
    const lines = (width: number) =>
      table(['NAME', 'READY', 'REGION', 'DEPLOYMENT', 'UPDATED (UTC)'], agents, { width });
    expect(lines(54)).toContain('bot   yes    a-region-o…  0192f1aa    2026-05-04 10:30');
    expect(lines(40)).toContain('bot   yes    a-reg…  0192f…  2026-05-04…');
    expect(lines(39)).not.toContain('2026');
    expect(table(['WHEN', 'DAY'], [['x'.repeat(30), '2026-05-04']], { width: 42 })).toContain('2026-05-04');
  });

  test('keeps each row on its line and paints after padding', () => {
    const text = table(['A', 'B'], [['one\ntwo', 'b']], { paint: (cell) => `<${cell}>` });
    expect(text).toBe('A        B\n<one two>  <b>');
  });
});

test('colours of a log line stay only where wanted, other control sequences never', () => {
  const line = `${esc}[31mred${esc}[2J${esc}]0;title\u0007 \u0007end`;
  expect(cleanLine(line, false)).toBe('red end');
  expect(cleanLine(line, true)).toBe(`${esc}[31mred end${esc}[0m`);
});

test('numbers and times for people', () => {
  expect([48, 185, 7800].map(duration)).toEqual(['48s', '3m 05s', '2h 10m']);
  expect([12, 2048, 3 * 1024 ** 2].map(bytes)).toEqual(['12 B', '2.0 KiB', '3.0 MiB']);
  expect(time('2026-04-20T10:00:00.123Z')).toBe('2026-04-20 10:00:00');
  expect(time(null)).toBe('-');
  expect(spread([])).toBeUndefined();
  expect(spread([4])).toEqual({ average: 4, p5: 4, p95: 4 });
});

test('a sparkline averages many values into its width', () => {
  expect(sparkline([0, 50, 100])).toBe('▁▅█');
  expect(sparkline([7, 7])).toBe('▄▄');
  expect(sparkline([])).toBe('');
  expect(sparkline(Array.from({ length: 500 }, (_, index) => index))).toHaveLength(50);
});
