import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findSecrets } from './secrets.js';

test('a value is found in files at any depth and in texts, and is itself not told', () => {
  const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
  mkdirSync(join(folder, 'deep/er'), { recursive: true });
  writeFileSync(join(folder, 'deep/er/log'), Buffer.concat([Buffer.from([0, 255]), Buffer.from('x canary-1 y')]));
  writeFileSync(join(folder, 'clean'), 'canary');
  const texts = new Map([
    ['answers', ['nothing', 'canary-2']],
    ['others', ['nothing']],
  ]);
  const found = findSecrets(['canary-1', 'canary-2'], { folders: [folder, join(folder, 'absent')], texts });
  rmSync(folder, { recursive: true });
  expect(found).toEqual([`${join(folder, 'deep/er/log')} (1 of 2 values)`, 'answers (1 of 2 values)']);
});
