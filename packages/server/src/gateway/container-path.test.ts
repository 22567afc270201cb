import { expect, test } from 'vitest';
import { containerPath } from './container-path.js';
import { pathAtInstance } from './session-proxy.js';

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

const at = (rest: string) => pathAtInstance(`/v1/public/bot/sessions/1/${rest}`);

test.each(['bot#', 'bot#x', 'ws#', 'whatsapp#/../x', '#', 'x?q=#', 'pcc/capabilities#x'])(
  'a fragment, which the agent’s server would cut off, is refused: %s',
  (rest) => {
    expect(() => at(rest)).toThrow('no fragment');
  },
);

test.each([
  ['notes/a?q=a%20b&q=?', '/notes/a?q=a%20b&q=?'],
  ['a%23b', '/a%23b'],
  // Another path to every server: only one that reads a path twice would take them for the platform's.
  ['bot;x', '/bot;x'],
  ['%2562ot', '/%2562ot'],
  ['bot%20', '/bot%20'],
])('%s is %s at the instance', (rest, expected) => {
  expect(at(rest)).toBe(expected);
});

test.each(['http://any.example', 'HTTPS://any.example:8443', 'http://user@[::1]'])(
  'a request target that names %s is the same path',
  (origin) => {
    expect(pathAtInstance(`${origin}/v1/public/bot/sessions/1/own?x=1`)).toBe('/own?x=1');
    expect(() => pathAtInstance(`${origin}/v1/public/bot/sessions/1/bot`)).toThrow('belongs to the platform');
  },
);
