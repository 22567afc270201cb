import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DriverError } from '../drivers/driver.js';
import { never } from '../testing/driver-tools.js';
import { DownloadFailed, download } from './download.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'download-'));
});
afterAll(() => rm(folder, { recursive: true }));

const bytes = Buffer.from('a context');
const sha256 = createHash('sha256').update(bytes).digest('hex');
const of = (stream: Readable) => async () => stream;
const failure = (stream: Readable, path = join(folder, 'failed')) =>
  download(of(stream), path, sha256, never).catch((error) => error);

test('what arrived as it was uploaded is kept, and nothing else passes', async () => {
  const path = join(folder, 'context');
  await download(of(Readable.from([bytes])), path, sha256.toUpperCase(), never);
  expect(await readFile(path)).toEqual(bytes);
  expect((await failure(Readable.from([bytes, 'more']))).message).toContain('checksum differs');
});

test('a source that breaks off is told from all else', async () => {
  const broken = new Readable({
    read() {
      this.destroy(new Error('connection reset'));
    },
  });
  expect(await failure(broken)).toBeInstanceOf(DownloadFailed);
});

test.skipIf(!existsSync('/dev/full'))('a full disk is named, and is no failure of the download', async () => {
  const error = await failure(Readable.from([bytes]), '/dev/full');
  expect(error).toBeInstanceOf(DriverError);
  expect(error).not.toBeInstanceOf(DownloadFailed);
  expect(error.message).toMatch(/the disk of the worker's machine is full/);
});
