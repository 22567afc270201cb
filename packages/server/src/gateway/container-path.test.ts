import { expect, test } from 'vitest';
import { containerPath } from './container-path.js';

test.each([
  ['api/offer', 'api/offer'],
  ['status', 'status'],
  ['a%20b/c', 'a%20b/c'],
  ['a/./b/../c', 'a/c'],
  ['../../x', 'x'],
])('%s becomes %s', (path, expected) => {
  expect(containerPath(path)).toBe(expected);
});

test.each([
  'bot',
  'BOT',
  './bot',
  'x/../bot',
  '%62ot',
  'ws',
  'readyz',
  'livez',
  'whatsapp',
  'pcc/capabilities',
  '/bot/',
])('the platform’s own path %s is refused', (path) => {
  expect(() => containerPath(path)).toThrow('belongs to the platform');
});

test.each(['a%252fb', 'a\\b', 'a%00b', '%zz'])('%s is refused', (path) => {
  expect(() => containerPath(path)).toThrow();
});
