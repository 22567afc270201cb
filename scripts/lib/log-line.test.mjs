import { expect, test } from 'vitest';
import { shortForm } from './log-line.mjs';

test.each([
  ['information stays in the log', { level: 30, msg: 'listening' }, undefined],
  ['a warning', { level: 40, msg: 'slow' }, { level: 'warning', text: 'slow' }],
  [
    'an error with its cause',
    { level: 50, msg: 'no write', err: { message: 'EIO' } },
    { level: 'error', text: 'no write: EIO' },
  ],
  ['a cause that says all', { level: 60, msg: 'EIO', err: { message: 'EIO' } }, { level: 'fatal', text: 'EIO' }],
  [
    'what is said of an agent names it',
    { level: 40, msg: 'slow', agent: 'echo' },
    { level: 'warning', text: 'slow (agent echo)' },
  ],
  ['several lines become one', { level: 50, msg: 'a\nb' }, { level: 'error', text: 'a b' }],
])('%s', (_name, entry, expected) => {
  expect(shortForm(JSON.stringify(entry))).toEqual(expected);
});

test.each(['PORT is wrong', '42', 'null'])('what is not a log entry was written for people: %s', (line) => {
  expect(shortForm(line)).toEqual({ level: 'plain', text: line });
});

test('control characters never reach the terminal', () => {
  expect(shortForm('a\u001b[2Jb\u009bc').text).toBe('a[2Jbc');
});
