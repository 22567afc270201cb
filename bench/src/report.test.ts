import { describe, expect, test } from 'vitest';
import type { Measurement } from './figure.js';
import { jsonLine, round, table } from './report.js';

const measurement: Measurement = {
  name: 'speed',
  value: 0.61239,
  unit: 'x',
  goal: { kind: 'atLeast', value: 0.6 },
  min: 0.5,
  max: 0.7,
  rounds: 7,
  note: 'so much against so much',
};

describe('report', () => {
  test('a line of JSON says what was measured and promised', () => {
    expect(JSON.parse(jsonLine(measurement))).toMatchObject({
      name: 'speed',
      value: 0.612,
      unit: 'x',
      goal: '>= 0.6',
      ok: true,
    });
  });

  test('a value on the wrong side of its goal is not ok', () => {
    const slow: Measurement = { ...measurement, value: 26, goal: { kind: 'atMost', value: 25 } };
    expect(JSON.parse(jsonLine(slow))).toMatchObject({ goal: '<= 25', ok: false });
    expect(table([slow])).toContain('MISSED');
  });

  test('rounding does not decide: the value itself is compared', () => {
    expect(JSON.parse(jsonLine({ ...measurement, value: 0.5999 }))).toMatchObject({ value: 0.6, ok: false });
  });

  test('a value without a goal is ok', () => {
    expect(JSON.parse(jsonLine({ ...measurement, goal: null }))).toMatchObject({ goal: null, ok: true });
  });

  test('large values lose no digit before the point', () => {
    expect([round(12_345.6), round(1.2345), round(0)]).toEqual([12_346, 1.23, 0]);
  });
});
