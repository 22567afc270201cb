import { describe, expect, test } from 'vitest';
import { createLevelReader, levelOfLine } from './log-levels.js';

describe('the level that a line states', () => {
  test.each([
    [
      '2026-04-20 10:00:00.123 | INFO     | bot:bot:42 | 639f91d8-0000-4000-8000-00000000f001 - ERROR is a word',
      'INFO',
    ],
    ['2026-04-20 10:00:00.123 | WARNING  | bot:bot:42 | NONE - careful', 'WARNING'],
    ['2026-04-20 10:00:00.123 | SUCCESS  | bot:bot:42 | NONE - done', 'INFO'],
    ['\u001b[32m2026-04-20 10:00:00.123\u001b[0m | \u001b[31m\u001b[1mCRITICAL\u001b[0m | bot', 'CRITICAL'],
    ['INFO:     Uvicorn running on http://0.0.0.0:8080', 'INFO'],
    ['WARNING:root:careful', 'WARNING'],
    ['2026-04-20 10:00:00,123 - my.module - ERROR - it broke', 'ERROR'],
    ['[2026-04-20 10:00:00] [FATAL] gone', 'CRITICAL'],
    ['2026/04/20 10:00:00 [error] 7#7: *1 connect() failed', 'ERROR'],
    ['time="2026-04-20T10:00:00Z" level=warning msg="careful"', 'WARNING'],
    ['{"level":"error","msg":"it broke"}', 'ERROR'],
    ['{"level":50,"time":1,"msg":"it broke"}', 'ERROR'],
    ['{"severity":"WARNING","message":"careful"}', 'WARNING'],
    ['{"message":"level: error","levelname":"DEBUG"}', 'DEBUG'],
    ['{"text":"x","record":{"elapsed":{"s":1},"level":{"icon":"!","name":"ERROR","no":40}}}', 'ERROR'],
    ['W0420 10:00:00.123456       1 main.go:1] careful', 'WARNING'],
    ['Traceback (most recent call last):', 'ERROR'],
    ['error: no such file', 'ERROR'],
  ])('%s', (text, level) => {
    expect(levelOfLine(text)).toBe(level);
  });

  test.each([
    'hello',
    'the error was small',
    'an information desk',
    'INFORMAL',
    'MY_ERROR_CODE=3',
    '{"msg":"level"}',
    '{"level":"loud"}',
    '',
    `${'x'.repeat(300)} ERROR`,
  ])('%s states none', (text) => {
    expect(levelOfLine(text)).toBeUndefined();
  });

  test('is found without delay in the longest and strangest lines', () => {
    const started = process.cpuUsage().user;
    for (const text of ['{"'.repeat(20_000), '"level":{'.repeat(5000), ' '.repeat(50_000), '[('.repeat(20_000)])
      levelOfLine(text);
    levelOfLine(`{${'"level":{"name":'.repeat(4000)}`);
    // A pattern that goes back and forth takes minutes here; 200 of these take some milliseconds. Other workers count too.
    expect(process.cpuUsage().user - started).toBeLessThan(20_000_000);
  });
});

test('lines of one message have its level, and the next message its own', () => {
  const level = createLevelReader();
  expect(
    [
      '2026-04-20 10:00:00.123 | WARNING  | bot:bot:42 | NONE - two lines',
      '  the second',
      'printed',
      'Traceback (most recent call last):',
      '  File "x.py", line 1',
      '    ERROR = INFO',
      'KeyError: 1',
      'printed again',
    ].map((text) => level(text)),
  ).toEqual(['WARNING', 'WARNING', 'INFO', 'ERROR', 'ERROR', 'ERROR', 'ERROR', 'INFO']);
  level('ERROR start of a line that was too long');
  expect(level('INFO the rest of it', true)).toBe('ERROR');
});
