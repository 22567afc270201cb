import { expect, test } from 'vitest';
import { callSite, parseFrame } from './call-site.js';

test.each([
  ['    at bot (file:///app/bot.ts:42:7)', 'bot:bot:42'],
  ['    at async Object.greet (file:///app/my-bot.ts:7:1)', 'my-bot:greet:7'],
  ['    at file:///app/bot.ts:3:1', 'bot:<module>:3'],
  ['    at /app/dist/bot.js:3:1', 'bot:<module>:3'],
  ['    at new Room (file:///app/a | b.ts:9:2)', 'a___b:Room:9'],
  ['    at <anonymous> (file:///app/bot.ts:5:2)', 'bot:<anonymous>:5'],
  ['    at native', 'bot:bot:0'],
])('reads %j', (frame, expected) => {
  expect(parseFrame(frame)).toBe(expected);
});

test('names the place that called, not the callee', () => {
  function log(): string {
    return callSite(log);
  }
  function speak(): string {
    return log();
  }
  expect(speak()).toMatch(/^call-site\.test:speak:\d+$/);
});
