import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { followLog } from './log-file.mjs';

let folder;
let file;
let lines;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipecat-cloud-log-'));
  file = join(folder, 'a.log');
  lines = [];
  writeFileSync(file, 'from an earlier run\n');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const follow = (options) => followLog(file, (line) => lines.push(line), options);

test('gives whole lines, once, that were written from then on', () => {
  const log = follow();
  appendFileSync(file, 'one\ntw');
  log.drain();
  expect(lines).toEqual(['one']);
  appendFileSync(file, 'o\n');
  log.drain();
  log.drain();
  log.close();
  expect(lines).toEqual(['one', 'two']);
});

test('a character that is cut by a read is put together again', () => {
  const log = follow();
  const bytes = Buffer.from('é\n');
  appendFileSync(file, bytes.subarray(0, 1));
  log.drain();
  appendFileSync(file, bytes.subarray(1));
  log.close();
  expect(lines).toEqual(['é']);
});

test('the end of a file without a line break is given on closing', () => {
  const log = follow();
  appendFileSync(file, 'cut off');
  log.close();
  expect(lines).toEqual(['cut off']);
});

test('a file that grows too large is kept as .1 and begun anew', () => {
  const log = follow({ rotateBytes: 100 });
  appendFileSync(file, `${'x'.repeat(200)}\n`);
  log.drain();
  expect(readFileSync(`${file}.1`, 'utf8')).toContain('x'.repeat(200));
  expect(readFileSync(file, 'utf8')).toBe('');
  appendFileSync(file, 'after\n');
  log.close();
  expect(lines.at(-1)).toBe('after');
});

test('a file that was emptied by hand is read from its beginning', () => {
  const log = follow();
  truncateSync(file);
  appendFileSync(file, 'new\n');
  log.close();
  expect(lines).toEqual(['new']);
  expect(existsSync(`${file}.1`)).toBe(false);
});
