import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeUploads } from '../testing/contracts/uploads.js';
import { createDiskUploadStore } from './disk-upload-store.js';

describeUploads('disk', async (_clock, limitBytes) => {
  const directory = await mkdtemp(join(tmpdir(), 'uploads-'));
  return {
    store: createDiskUploadStore({ directory, limitBytes }),
    count: async () => (await readdir(directory)).length,
    end: () => rm(directory, { recursive: true, force: true }),
  };
});

const id = '550e8400-0000-4000-8000-000000000001';
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'uploads-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function* source(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

test('a disk that is full, or whose owner has no room left, leaves nothing of the file', async () => {
  for (const code of ['ENOSPC', 'EDQUOT']) {
    let closed = false;
    const { arrival } = createDiskUploadStore({
      directory,
      limitBytes: 100,
      create: async () => ({
        write: () => Promise.reject(Object.assign(new Error('no space left on device'), { code })),
        sync: async () => {},
        close: async () => {
          closed = true;
        },
      }),
    });
    if (arrival.kind !== 'here') throw new Error('the disk is here');
    await expect(arrival.stage(id, source('x'))).rejects.toMatchObject({ code });
    expect(closed).toBe(true);
    expect(await readdir(directory)).toEqual([]);
  }
});

test('a write that takes only a part goes on with the rest', async () => {
  const written: string[] = [];
  const { arrival } = createDiskUploadStore({
    directory,
    limitBytes: 100,
    create: async () => ({
      write: (async (chunk: Buffer, offset: number) => {
        written.push(chunk.toString('utf8', offset, offset + 2));
        return { bytesWritten: Math.min(2, chunk.length - offset), buffer: chunk };
      }) as never,
      sync: async () => {},
      close: async () => {},
    }),
  });
  if (arrival.kind !== 'here') throw new Error('the disk is here');
  const { content } = await arrival.stage(id, source('hello', '!'));
  expect(written).toEqual(['he', 'll', 'o', '!']);
  expect(content.sizeBytes).toBe(6);
});
