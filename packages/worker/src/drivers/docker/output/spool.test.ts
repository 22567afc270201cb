import { appendFile, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { writeShort } from '../../../testing/short-writes.js';
import { lineLimitBytes } from '../../process/lines.js';
import { openSpool } from './spool.js';

describe('the output that a worker keeps', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spool-'));
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await rm(folder, { recursive: true });
  });
  const ended = () => true;
  const never = new AbortController().signal;
  const at = (count: number) => ({ time: '2026-01-01T00:00:00.000000001Z', count });
  async function read(spool: Awaited<ReturnType<typeof openSpool>>, position = 0) {
    const lines: [number, string][] = [];
    for await (const line of spool.read(position, ended, never)) lines.push([line.position, line.text]);
    return lines;
  }

  test('keeps the last of it, and positions go on growing', async () => {
    const spool = await openSpool(folder, 4_000);
    for (let i = 0; i < 1_000; i++) await spool.append(Buffer.from(`line ${String(i).padStart(4, '0')}\n`), at(i));
    expect(spool.end()).toBe(10_000);
    const lines = await read(spool);
    expect(lines.at(-1)).toEqual([10_000, 'line 0999']);
    expect(lines.length).toBeGreaterThan(200);
    expect(lines[0]?.[1]).toMatch(/^line \d{4}$/);
    expect(await read(spool, 9_980)).toEqual([
      [9_990, 'line 0998'],
      [10_000, 'line 0999'],
    ]);
    const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(5_000);
    await spool.close();
  });

  test('what was written but not noted when the worker was killed is written again, at the same position', async () => {
    const first = await openSpool(folder, 4_000);
    await first.append(Buffer.from('whole\n'), at(1));
    await first.close();
    await appendFile(join(folder, 'output.0'), 'never noted');
    const second = await openSpool(folder, 4_000);
    expect([second.end(), second.taken()]).toEqual([6, at(1)]);
    expect(await read(second)).toEqual([[6, 'whole']]);
    await second.append(Buffer.from('next\n'), at(2));
    expect(await read(second)).toEqual([
      [6, 'whole'],
      [11, 'next'],
    ]);
    await second.close();
  });

  test('is masked across its files, and a file that is gone is passed over', async () => {
    const spool = await openSpool(folder, 40);
    for (let i = 0; i < 4; i++) await spool.append(Buffer.from(`secret ${i}\n`), at(i));
    const files = (await readdir(folder)).filter((name) => name.startsWith('output.'));
    expect(files.length).toBeGreaterThan(1);
    await spool.mask({ from: 0, to: spool.end() }, (bytes) =>
      Buffer.from(bytes.toString().replaceAll('secret', '******')),
    );
    expect((await read(spool)).map(([, text]) => text)).toEqual(['****** 0', '****** 1', '****** 2', '****** 3']);
    await rm(join(folder, 'output.0'));
    expect((await read(spool)).at(-1)?.[1]).toBe('****** 3');
    await spool.close();
  });

  test('a secret that lies in two of its files is masked', async () => {
    const spool = await openSpool(folder, 40);
    // A file goes on beyond its size until a line is far too long.
    await spool.append(Buffer.from(`${'x'.repeat(2 * lineLimitBytes + 8)}sec`), at(1));
    await spool.append(Buffer.from('ret\n'), at(2));
    expect((await readdir(folder)).filter((name) => name.startsWith('output.'))).toHaveLength(2);
    await spool.mask({ from: 0, to: spool.end() }, (bytes) =>
      Buffer.from(bytes.toString().replaceAll('secret', '******')),
    );
    expect((await read(spool)).at(-1)?.[1]).toMatch(/^x+\*{6}$/);
    await spool.close();
  });

  test('what the system takes in parts is kept whole', async () => {
    const writes = await writeShort(3);
    const spool = await openSpool(folder, 4_000);
    await spool.append(Buffer.from('my secret\n'), at(1));
    await spool.append(Buffer.from('next\n'), at(2));
    await spool.mask({ from: 0, to: spool.end() }, (bytes) =>
      Buffer.from(bytes.toString().replace('secret', '******')),
    );
    await spool.close();
    writes.mockRestore();
    const second = await openSpool(folder, 4_000);
    expect([await read(second), second.taken()]).toEqual([
      [
        [10, 'my ******'],
        [15, 'next'],
      ],
      at(2),
    ]);
    await second.close();
  });

  test('what the system takes no more of does not count, and is kept when it is written again', async () => {
    const spool = await openSpool(folder, 4_000);
    const writes = await writeShort(3, 6);
    await expect(spool.append(Buffer.from('whole line\n'), at(1))).rejects.toThrow('takes no more');
    expect([spool.end(), spool.taken()]).toEqual([0, undefined]);
    writes.mockRestore();
    await spool.append(Buffer.from('whole line\n'), at(1));
    expect(await read(spool)).toEqual([[11, 'whole line']]);
    await spool.close();
  });
});
