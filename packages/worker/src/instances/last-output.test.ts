import { expect, test } from 'vitest';
import { tellingLines } from './last-output.js';

const linesOf = (text: string) => text.trim().split('\n');

test('the message of a Node.js error is shown, and not its stack', () => {
  const thrown = linesOf(`
listening on 7860
/app/bot.js:3
throw new Error("no API key");
^

Error: no API key
    at Object.<anonymous> (/app/bot.js:3:7)
    at Module._compile (node:internal/modules/cjs/loader:1554:14)
    at node:internal/main/run_main_module:36:49

Node.js v24.21.0`).filter((line) => line !== '');
  expect(tellingLines(thrown)).toEqual([
    'listening on 7860',
    '/app/bot.js:3',
    'throw new Error("no API key");',
    'Error: no API key',
  ]);
});

test('an error that is followed by what it holds is not pushed out', () => {
  const missing = linesOf(`
  throw err;
  ^
Error: Cannot find module '/app/missing.js'
    at Module._resolveFilename (node:internal/modules/cjs/loader:1225:15)
    at node:internal/main/run_main_module:36:49 {
  code: 'MODULE_NOT_FOUND',
  requireStack: [
    '/app/a.js',
    '/app/b.js',
    '/app/c.js'
  ]
}
Node.js v24.21.0`);
  expect(tellingLines(missing)[0]).toBe("Error: Cannot find module '/app/missing.js'");
  expect(tellingLines(missing)).toHaveLength(5);
});

test('of a Python traceback the end is shown, where its message stands', () => {
  const traceback = linesOf(`
Traceback (most recent call last):
  File "/app/bot.py", line 9, in <module>
    main()
  File "/app/bot.py", line 5, in main
    raise ValueError("no API key")
ValueError: no API key`);
  expect(tellingLines(traceback)).toEqual(traceback.slice(1));
});

test('output without an error is shown as it ends', () => {
  const lines = Array.from({ length: 9 }, (_, index) => `line ${index}`);
  expect(tellingLines(lines)).toEqual(lines.slice(4));
  expect(tellingLines([])).toEqual([]);
});
