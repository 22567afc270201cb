import { expect, test } from 'vitest';
import { createRedactor } from './redactor.js';

test('takes out values of eight or more characters and leaves shorter ones', () => {
  const redactor = createRedactor({ LONG: 'eight888', SHORT: 'seven77' });
  expect(redactor('x eight888 y seven77 eight888')).toBe('x [redacted] y seven77 [redacted]');
});

test('stars out the bytes of every secret and leaves all others where they are', () => {
  const redactor = createRedactor({ OLD: 'schön-geheim' }, { NEW: 'other-secret' });
  const bytes = Buffer.concat([Buffer.from('a schön-geheim b other-secret c '), Buffer.from([0xff, 0x0a])]);
  const masked = redactor.mask(bytes);
  expect(masked?.length).toBe(bytes.length);
  expect(masked?.toString('latin1')).toBe(`a ${'*'.repeat(13)} b ${'*'.repeat(12)} c \xff\n`);
  expect(redactor.mask(Buffer.from('nothing here'))).toBeUndefined();
});

test('takes out the longer of two values where one holds the other', () => {
  const redactor = createRedactor({ A: 'password', B: 'password-and-more' });
  expect(redactor('password-and-more, password')).toBe('[redacted], [redacted]');
});

test('takes out each line of a value of several lines', () => {
  const redactor = createRedactor({ KEY: 'first-line-of-key\nsecond-line-of-key\n' });
  expect(redactor('a second-line-of-key')).toBe('a [redacted]');
});

test('takes the characters of a value as they are', () => {
  const redactor = createRedactor({ ODD: 'a.*+$&^(b)' });
  expect(redactor('a.*+$&^(b) axxxxxxxx')).toBe('[redacted] axxxxxxxx');
});

test('takes out a value as programs quote it', () => {
  const value = 'say "hi" \\ & go';
  const redactor = createRedactor({ QUOTED: value });
  const shown = [JSON.stringify({ value }), encodeURIComponent(value), `${new URLSearchParams({ value })}`];
  shown.push(`'${value.replaceAll('\\', '\\\\')}'`);
  expect(shown.map(redactor)).toEqual(['{"value":"[redacted]"}', '[redacted]', 'value=[redacted]', "'[redacted]'"]);
});
