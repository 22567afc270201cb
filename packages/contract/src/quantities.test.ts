import { expect, test } from 'vitest';
import { mebibytesOf, millicoresOf, quantityOf } from './quantities.js';

test.each([
  ['500m', 500],
  ['0.5', 500],
  ['2', 2000],
  ['1500m', 1500],
  ['0.0015', 2],
])('%s of CPU are %d thousandths of a core', (text, millicores) => {
  expect(millicoresOf(text)).toBe(millicores);
});

test.each([
  ['1Gi', 1024],
  ['512Mi', 512],
  ['1.5Gi', 1536],
  ['1G', 954],
  ['1048576', 1],
  ['1048577', 2],
  ['1Ki', 1],
])('%s of memory are %d MiB', (text, mebibytes) => {
  expect(mebibytesOf(text)).toBe(mebibytes);
});

test.each(['', '-1', '1 Gi', '1gi', 'Gi', '1e3', '.5', '1.', '0x10', '1GiB', '1,5', '1m2', 'NaN', '1\n'])(
  '%j is no quantity',
  (text) => {
    expect(quantityOf(text)).toBeUndefined();
  },
);
