import { expect, test } from 'vitest';
import { containerPath } from './container-path.js';

test.each([
  ['api/offer', 'api/offer'],
  ['status', 'status'],
  ['a%20b/c', 'a%20b/c'],
  ['v1/items;color=red/@me:latest', 'v1/items;color=red/@me:latest'],
  ['notes/', 'notes/'],
  ['a//b', 'a/b'],
  ['a/./b/../c', 'a/c'],
  ['a/%2e%2e/c', 'c'],
  ['../../x', 'x'],
  ['', ''],
])('%s becomes %s', (path, expected) => {
  expect(containerPath(path)).toBe(expected);
});

test.each([
  'bot',
  'BOT',
  './bot',
  '//bot',
  'x/../bot',
  'x/%2E%2e/bot',
  '%62ot',
  'ws',
  'ws/',
  'readyz',
  'livez',
  'whatsapp',
  'pcc/capabilities',
  'pcc/./capabilities',
  '/bot/',
])('the platform’s own path %s is refused', (path) => {
  expect(() => containerPath(path)).toThrow('belongs to the platform');
});

test.each(['a%252fb', 'a%2fb', 'x/..%2fbot', 'a\\b', 'a%5cb', '%252e%252e/bot', 'a%00b', 'a%0ab', '%zz'])(
  '%s is refused',
  (path) => {
    expect(() => containerPath(path)).toThrow('The path');
  },
);
