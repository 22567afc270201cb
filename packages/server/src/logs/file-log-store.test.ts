import { appendFile, chmod, mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeLogStore } from '../testing/contracts/log-store.js';
import { createFileLogStore } from './file-log-store.js';
import type { LogLine, LogPageQuery, LogStore } from './log-store.js';

for (const [name, segmentBytes] of [
  ['files', undefined],
  // So small that nearly every batch begins a new file.
  ['files, in small segments', 500],
] as const) {
  describeLogStore(name, async () => {
    const directory = join(await mkdtemp(join(tmpdir(), 'logs-')), 'logs');
    const create = () => createFileLogStore({ directory, ...(segmentBytes === undefined ? {} : { segmentBytes }) });
    return {
      store: create(),
      reopen: async () => create(),
      end: () => rm(join(directory, '..'), { recursive: true, force: true }),
    };
  });
}

describe('log files', () => {
  const agentId = '11111111-1111-4111-8111-111111111111';
  const source = { agentId, deploymentId: 'd-1', instanceId: 'i-1' };
  let directory: string;
  let folder: string;
  let store: LogStore;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'logs-'));
    folder = join(directory, agentId);
    store = create();
  });
  afterEach(async () => {
    await store.close();
    await chmod(directory, 0o700);
    await rm(directory, { recursive: true, force: true });
  });

  const warnings: unknown[] = [];
  function create() {
    warnings.length = 0;
    return createFileLogStore({
      directory,
      segmentBytes: 1000,
      log: { warn: (fields: unknown) => void warnings.push(fields) },
    });
  }
  const line = (position: number, text = `line ${position}`): LogLine => ({
    position,
    time: new Date(Date.UTC(2026, 0, 1) + position).toISOString(),
    text,
    sessionId: `s-${Math.ceil(position / 10)}`,
  });
  async function add(first: number, last: number) {
    for (let position = first; position <= last; position++) await store.append(source, [line(position)]);
  }
  const texts = async (query: Partial<LogPageQuery> = {}) =>
    (await store.read({ agentId, limit: 1000, offset: 0, order: 'asc', ...query })).lines.map(({ text }) => text);
  const numbered = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, index) => `line ${first + index}`);
  const files = async (ending: string) => (await readdir(folder)).filter((name) => name.endsWith(ending)).sort();
  const lastSegment = async () => join(folder, (await files('.jsonl')).at(-1) ?? '');

  test('segments are closed at their size, with an index beside each, and are private', async () => {
    await add(1, 30);
    const segments = await files('.jsonl');
    expect(segments.length).toBeGreaterThan(2);
    for (const name of segments) {
      const { size, mode } = await stat(join(folder, name));
      expect(size).toBeLessThan(1200);
      expect(mode & 0o777).toBe(0o600);
    }
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(await files('.index.json')).toEqual(
      segments.slice(0, -1).map((name) => name.replace('.jsonl', '.index.json')),
    );
    expect(await texts()).toEqual(numbered(1, 30));
  });

  test('a line torn by a crash is cut off, and the log goes on after it', async () => {
    await add(1, 3);
    await appendFile(await lastSegment(), '{"i":"i-1","d":"d-1","p":4,"t":"2026');
    store = create();
    expect(await texts()).toEqual(numbered(1, 3));
    expect(warnings).toHaveLength(1);
    await add(4, 5);
    expect(await texts()).toEqual(numbered(1, 5));
    for (const text of (await readFile(await lastSegment(), 'utf8')).trim().split('\n')) JSON.parse(text);
  });

  test('a file of nothing but a torn line becomes empty', async () => {
    await add(1, 1);
    await truncate(await lastSegment(), 10);
    store = create();
    expect(await texts()).toEqual([]);
    await add(1, 1);
    expect(await texts()).toEqual(['line 1']);
  });

  test('bytes that are no line, as a power failure may leave in the middle, are passed over', async () => {
    await add(1, 2);
    const file = await lastSegment();
    await appendFile(file, `${'\0'.repeat(50)}\n[1]\nnull\n{"i":"x"}\n`);
    store = create();
    await add(3, 3);
    expect(await texts()).toEqual(numbered(1, 3));
    expect((await store.read({ agentId, limit: 1, offset: 0, order: 'asc' })).total.value).toBe(3);
  });

  test.each<[string, (path: string) => Promise<void>]>([
    ['lost', (path) => rm(path)],
    ['broken', (path) => writeFile(path, '{"version":1,"bytes"')],
    [
      'of another version',
      async (path) => writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), version: 2 })),
    ],
    [
      'of a longer file',
      async (path) =>
        writeFile(
          path,
          JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), bytes: 1e6, lines: 99, positions: [] }),
        ),
    ],
    [
      'behind',
      async (path) =>
        writeFile(
          path,
          JSON.stringify({
            version: 1,
            bytes: 0,
            lines: 0,
            firstTime: '',
            lastTime: '',
            positions: [],
            deployments: [],
            sessions: [],
          }),
        ),
    ],
  ])('an index that is %s is made again from its segment', async (_name, harm) => {
    await add(1, 30);
    const before = await Promise.all((await files('.index.json')).map((name) => readFile(join(folder, name), 'utf8')));
    for (const name of await files('.index.json')) await harm(join(folder, name));
    store = create();
    await add(1, 30);
    expect(await texts()).toEqual(numbered(1, 30));
    expect(await texts({ sessionId: 's-1' })).toEqual(numbered(1, 10));
    const total = (await store.read({ agentId, limit: 1, offset: 0, order: 'asc' })).total;
    expect(total).toEqual({ value: 30, relation: 'eq' });
    expect(await Promise.all((await files('.index.json')).map((name) => readFile(join(folder, name), 'utf8')))).toEqual(
      before,
    );
  });

  test('a segment that cannot hold a session is not opened for it', async () => {
    await add(1, 30);
    store = create();
    await texts();
    // Its index says that it has sessions s-1 only; what it really says now would be found if it were read.
    const first = join(folder, '00000001.jsonl');
    const content = await readFile(first, 'utf8');
    await writeFile(first, content.replaceAll('"s":"s-1"', '"s":"s-3"'));
    expect(await texts({ sessionId: 's-3' })).toEqual(numbered(21, 30));
  });

  test('lines far longer than a block are read back whole', async () => {
    const long = Array.from({ length: 8 }, (_, index) => line(index + 1, `${'é'.repeat(30_000)} ${index}`));
    await store.append(source, long);
    expect(await texts()).toEqual(long.map(({ text }) => text));
    await store.append(source, [line(9, 'x'.repeat(50_000))]);
    expect((await texts()).at(-1)).toBe(`${'x'.repeat(32_000)}…`);
  });

  test('pruning removes whole files with their index, and no line from the time on', async () => {
    await add(1, 30);
    await store.prune(new Date(Date.UTC(2026, 0, 1) + 15));
    const left = await texts();
    expect(left.slice(-16)).toEqual(numbered(15, 30));
    expect(left.length).toBeLessThan(25);
    expect(await files('.index.json')).toHaveLength((await files('.jsonl')).length - 1);
    store = create();
    expect(await texts()).toEqual(left);
  });

  test('a page is read while its files are pruned', async () => {
    await add(1, 30);
    const [page] = await Promise.all([texts(), store.prune(new Date(Date.UTC(2026, 0, 2)))]);
    for (const text of page) expect(text).toMatch(/^line \d+$/);
    expect(await texts()).toEqual([]);
  });

  test('a folder that cannot be read is an error, and is tried again', async () => {
    await add(1, 1);
    await store.close();
    await rm(folder, { recursive: true });
    // A file where the folder should be: an error for everybody, also for root.
    await (await open(folder, 'w')).close();
    store = create();
    await expect(texts()).rejects.toThrow('ENOTDIR');
    await expect(store.append(source, [line(1)])).rejects.toThrow();
    await rm(folder);
    await add(1, 1);
    expect(await texts()).toEqual(['line 1']);
  });
});
