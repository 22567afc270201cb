import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { moveEvidence } from './evidence.js';

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'evidence-'));
});
afterEach(() => rmSync(place, { recursive: true }));

test('what a person needs goes to another place, and nothing stays in the folder of the run', async () => {
  const folder = join(place, 'run');
  const write = (name: string, content: string | Buffer = name) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  };
  for (const name of ['events.jsonl', 'breaches.json', 'server.log', 'worker.log', 'server-2.log']) write(name);
  for (const name of ['data/cloud.db', 'agents/1.jsonl', 'postgres/base/1', 'context-a.tar.gz', 'home/x']) write(name);
  write('data/filler', Buffer.alloc(9 * 1024 ** 2));
  const socket = createServer().listen(join(folder, 'data/socket'));

  const kept = moveEvidence(folder, join(place, 'results', 'prove'));
  await new Promise((resolve) => socket.close(resolve));
  expect(existsSync(folder)).toBe(false);
  expect(dirname(kept)).toBe(join(place, 'results', 'prove'));
  const names = ['breaches.json', 'data', 'data/cloud.db', 'events.jsonl', 'server-2.log', 'server.log', 'worker.log'];
  expect(readdirSync(kept, { recursive: true }).sort()).toEqual(names);
  expect(readFileSync(join(kept, 'events.jsonl'), 'utf8')).toBe('events.jsonl');
});

test('a run that failed before it wrote anything', () => {
  mkdirSync(join(place, 'run'));
  expect(readdirSync(moveEvidence(join(place, 'run'), join(place, 'results')))).toEqual([]);
});
