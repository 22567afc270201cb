import { type FileHandle, open } from 'node:fs/promises';
import { vi } from 'vitest';

/** From now on every file takes no more than so many bytes at once, of at most so many in all: what a system does as its disk gets full. */
export async function writeShort(atOnce: number, inAll = Number.POSITIVE_INFINITY): Promise<{ mockRestore(): void }> {
  const file = await open('/dev/null');
  const prototype = Object.getPrototypeOf(file) as Pick<FileHandle, 'write'>;
  await file.close();
  const write = prototype.write as (...args: unknown[]) => Promise<{ bytesWritten: number }>;
  let left = inAll;
  return vi.spyOn(prototype, 'write').mockImplementation(async function (this: unknown, ...args: unknown[]) {
    const [bytes, offset, length, position] = args as [Buffer, number, number, number];
    const taken = Math.min(length, atOnce, left);
    left -= taken;
    if (taken > 0) await write.call(this, bytes, offset, taken, position);
    return { bytesWritten: taken, buffer: bytes };
  } as never);
}
