import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeDiskFolder, makeFastFolder } from './fast-folder.mjs';

let place;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'fast-'));
});
afterEach(() => rmSync(place, { recursive: true }));

function make({ kind = 'tmpfs', options = 'rw,relatime', kilobytes = 2 } = {}) {
  const [mounts, memory] = [join(place, 'mounts'), join(place, 'meminfo')];
  writeFileSync(mounts, `/dev/vda / ext4 rw 0 0\n${kind} ${place} ${kind} ${options} 0 0\n`);
  writeFileSync(memory, `MemTotal: 9000000 kB\nMemAvailable: ${kilobytes} kB\n`);
  return makeFastFolder({ place, mounts, memory, enough: 1024 });
}

test('a folder in memory, which other users may pass through, until it is removed', () => {
  const made = make();
  expect(dirname(made.folder)).toBe(place);
  expect(statSync(made.folder).mode & 0o777).toBe(0o711);
  made.remove();
  expect(existsSync(made.folder)).toBe(false);
});

test.each([
  ['the place is on a disk', { kind: 'ext4' }],
  ['no program may be run from there', { options: 'rw,noexec' }],
  ['memory is short', { kilobytes: 0 }],
])('none where %s', (_, machine) => {
  expect(make(machine)).toBeUndefined();
});

test('none on a system that has no such place', () => {
  expect(makeFastFolder({ mounts: join(place, 'absent') })).toBeUndefined();
});

test('one on a disk stays where something was left in it', () => {
  const [empty, used] = [makeDiskFolder(place), makeDiskFolder(place)];
  expect(statSync(used.folder).mode & 0o777).toBe(0o711);
  writeFileSync(join(used.folder, 'evidence'), '');
  for (const each of [empty, used]) each.remove();
  expect([existsSync(empty.folder), existsSync(used.folder)]).toEqual([false, true]);
});
