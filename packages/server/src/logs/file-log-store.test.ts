import {
  appendFile,
  chmod,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
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
  const at = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms);
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
      async (path) => writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), version: 1 })),
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
            version: 2,
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
    await store.prune({ now: at(15 + 1000), limitsOf: () => ({ maxAgeMs: 1000 }), totalBytes: 0 });
    const left = await texts();
    expect(left.slice(-16)).toEqual(numbered(15, 30));
    expect(left.length).toBeLessThan(25);
    expect(await files('.index.json')).toHaveLength((await files('.jsonl')).length - 1);
    store = create();
    expect(await texts()).toEqual(left);
  });

  describe('a line from the future, as an earlier release stored it,', () => {
    const future = { ...line(1), time: '2099-01-01T00:00:00.000Z' };
    /** The log as it is found, its files last written in January 2026. */
    async function found() {
      for (const name of await files('.jsonl')) await utimes(join(folder, name), at(100), at(100));
      await store.close();
      store = create();
    }
    const prune = (totalBytes = 0) =>
      store.prune({ now: at(5000), limitsOf: () => (totalBytes > 0 ? {} : { maxAgeMs: 1000 }), totalBytes });

    test.each([1, 30])('is not kept until then, nor are those after it: %i in all', async (count) => {
      await store.append(source, [future]);
      await add(2, count);
      await found();
      await prune();
      expect(await texts()).toEqual([]);
    });

    test('is found by its time as long as it is kept', async () => {
      await store.append(source, [future]);
      await add(2, 30);
      await found();
      expect(await texts({ startTime: new Date('2098-12-31T00:00:00.000Z') })).toEqual(['line 1']);
    });

    test("does not make other agents' lines go before its own", async () => {
      const other = { ...source, agentId: '22222222-2222-4222-8222-222222222222' };
      await store.append(source, [future]);
      await add(2, 30);
      for (let position = 101; position <= 130; position++) await store.append(other, [line(position)]);
      await found();
      const before = (await prune(1e9)).bytes;
      await prune(before - 500);
      expect(await texts({ agentId: other.agentId })).toHaveLength(30);
      expect((await texts()).length).toBeLessThan(30);
    });
  });

  test('a page is read while its files are pruned', async () => {
    await add(1, 30);
    const [page] = await Promise.all([
      texts(),
      store.prune({ now: at(1e8), limitsOf: () => ({ maxAgeMs: 1 }), totalBytes: 0 }),
    ]);
    for (const text of page) expect(text).toMatch(/^line \d+$/);
    expect(await texts()).toEqual([]);
  });

  test('an agent keeps no more than its limit, looked at with every full segment', async () => {
    await store.close();
    store = createFileLogStore({ directory, segmentBytes: 1000, limits: { maxBytes: 3000 } });
    await add(1, 100);
    const left = await texts();
    expect(left.at(-1)).toBe('line 100');
    expect(left).toEqual(numbered(100 - left.length + 1, 100));
    const { bytes } = await store.prune({ now: at(0), limitsOf: () => ({ maxBytes: 3000 }), totalBytes: 0 });
    expect(bytes).toBeLessThan(4200);
    expect(left.length).toBeGreaterThan(20);
  });

  test('all agents together keep no more than the limit of the installation, and the oldest parts go first', async () => {
    const other = { ...source, agentId: '22222222-2222-4222-8222-222222222222' };
    await add(1, 40);
    for (let position = 101; position <= 140; position++) await store.append(other, [line(position)]);
    const before = (await store.prune({ now: at(0), limitsOf: () => ({}), totalBytes: 0 })).bytes;
    const { bytes, agents } = await store.prune({ now: at(0), limitsOf: () => ({}), totalBytes: before - 1500 });
    expect(bytes).toBeLessThanOrEqual(before - 1500);
    expect(agents).toBe(2);
    expect((await texts()).length).toBeLessThan(30);
    expect(await texts({ agentId: other.agentId })).toHaveLength(40);
  });

  test('a cursor never means another line, also when everything before it is gone', async () => {
    await add(1, 1);
    const [first] = (await store.read({ agentId, limit: 1, offset: 0, order: 'asc' })).lines;
    await store.prune({ now: at(1e8), limitsOf: () => ({ maxAgeMs: 1 }), totalBytes: 0 });
    store = create();
    await store.append({ ...source, instanceId: 'i-2' }, [line(1, 'another')]);
    const [second] = (await store.read({ agentId, limit: 1, offset: 0, order: 'asc' })).lines;
    expect(second?.text).toBe('another');
    expect(second?.cursor).not.toBe(first?.cursor);
  });

  test('who has followed a log without a line misses none of those that come', async () => {
    const stop = new AbortController();
    let cursor = '';
    for await (const step of store.follow({ agentId }, stop.signal)) {
      ({ cursor } = step);
      break;
    }
    await add(1, 1);
    for await (const { gap, lines } of store.follow({ agentId, after: cursor }, stop.signal)) {
      expect([gap, lines.map(({ text }) => text)]).toEqual([undefined, ['line 1']]);
      break;
    }
  });

  test('who follows is let go, without an end, once another process writes', async () => {
    await add(1, 1);
    const never = new AbortController().signal;
    const own = createFileLogStore({ directory });
    // A second time, because it may be this one's turn again.
    for (let turn = 0; turn < 2; turn++) {
      const seen: string[] = [];
      for await (const { lines, caughtUp } of own.follow({ agentId, tail: 1 }, never)) {
        seen.push(...lines.map(({ text }) => text));
        if (caughtUp !== undefined) own.standBy();
      }
      expect(seen).toEqual(['line 1']);
    }
    await own.close();
  });

  test('who comes back to lines that were given up is told that some are missing', async () => {
    await add(1, 30);
    const [first] = (await store.read({ agentId, limit: 1, offset: 29, order: 'asc' })).lines;
    await store.prune({ now: at(15 + 1000), limitsOf: () => ({ maxAgeMs: 1000 }), totalBytes: 0 });
    const stop = new AbortController();
    const steps: unknown[] = [];
    for await (const { gap, lines } of store.follow({ agentId, after: first?.cursor }, stop.signal)) {
      steps.push(gap ?? lines[0]?.text);
      if (steps.length === 2) stop.abort();
    }
    expect(steps).toEqual([true, (await texts())[0]]);
    expect((await store.readOn(agentId, first?.cursor))?.gap).toBe(true);
  });

  test.each([
    ['in a later part', '5.2s', 30],
    ['after the end of the last part', undefined, 30],
    ['after the end of an earlier part', '1.zzz', 30],
    ['of a log that was lost', '2.1', 0],
  ])(
    'who comes back to a place %s, as before a restore, gets everything that is there',
    async (_name, place, count) => {
      await add(1, count);
      const [newest] = (await store.read({ agentId, limit: 1, offset: 0, order: 'desc' })).lines;
      const after = place ?? `${newest?.cursor}0`;
      const stop = new AbortController();
      const seen: string[] = [];
      let gaps = 0;
      for await (const { gap, lines } of store.follow({ agentId, after }, stop.signal)) {
        if (gap) {
          gaps++;
          await add(count + 1, count + 1);
        }
        seen.push(...lines.map(({ text }) => text));
        if (seen.length > count) stop.abort();
      }
      expect([gaps, seen]).toEqual([1, numbered(1, count + 1)]);
      const step = await store.readOn(agentId, after);
      expect([step?.gap, step?.lines[0]?.text]).toEqual([true, 'line 1']);
    },
  );

  test('nothing is missing for who comes back to the end', async () => {
    expect(await store.readOn(agentId, '0.0')).toBeUndefined();
    await add(1, 30);
    const [newest] = (await store.read({ agentId, limit: 1, offset: 0, order: 'desc' })).lines;
    expect(await store.readOn(agentId, newest?.cursor)).toBeUndefined();
    await add(31, 31);
    expect(await store.readOn(agentId, newest?.cursor)).toMatchObject({ lines: [{ text: 'line 31' }] });
    expect((await store.readOn(agentId, newest?.cursor))?.gap).toBeUndefined();
  });

  describe('where another process wrote the files meanwhile', () => {
    /** Lines that another control plane took while it ran the agents. */
    async function elsewhere(first: number, last: number) {
      const other = createFileLogStore({ directory, segmentBytes: 1000 });
      for (let position = first; position <= last; position++) await other.append(source, [line(position)]);
      await other.prune({ now: at(0), limitsOf: () => ({ maxBytes: 3000 }), totalBytes: 0 });
      await other.close();
    }
    const whole = async () => {
      const left = await texts();
      await store.close();
      store = create();
      expect(await texts()).toEqual(left);
      return left;
    };

    test('in the part that grows, its lines stay, and what comes again is there once', async () => {
      await add(1, 3);
      await elsewhere(4, 6);
      await store.append(source, [line(5), line(6), line(7)]);
      await add(8, 8);
      expect(await whole()).toEqual(numbered(1, 8));
    });

    test('what it began and what it gave up is known as well', async () => {
      await add(1, 3);
      await elsewhere(4, 100);
      await add(100, 101);
      const left = await whole();
      expect(left).toEqual(numbered(102 - left.length, 101));
      expect(left.length).toBeLessThan(60);
    });

    test('that reopens it, they are read without another line, and whoever follows goes on', async () => {
      const reopened = create();
      store = reopened;
      await add(1, 3);
      const stop = new AbortController();
      const seen: string[] = [];
      const following = (async () => {
        for await (const { lines } of store.follow({ agentId, tail: 1 }, stop.signal)) {
          seen.push(...lines.map(({ text }) => text));
          if (seen.length === 5) stop.abort();
        }
      })();
      await vi.waitFor(() => expect(seen).toEqual(['line 3']), 60_000);
      await elsewhere(4, 6);
      reopened.reopen();
      expect(await texts()).toEqual(numbered(1, 6));
      await add(7, 7);
      await following;
      expect(seen).toEqual(numbered(3, 7));
    });
  });

  test('a session is read from its part of a segment alone', async () => {
    await store.close();
    store = createFileLogStore({ directory });
    await add(1, 30);
    const file = await lastSegment();
    const content = await readFile(file, 'utf8');
    // As long as before, so that the index still fits; what stands outside of the session's part would match.
    await writeFile(file, content.replaceAll('"s":"s-1"', '"s":"s-2"'));
    expect(await texts({ sessionId: 's-2' })).toEqual(numbered(11, 20));
  });

  test('a disk that is nearly full takes no more lines, says so, and takes them again when there is room', async () => {
    await store.close();
    let freeBytes = 10;
    store = createFileLogStore({ directory, reserveBytes: 10, diskSpace: async () => ({ bytes: 1000, freeBytes }) });
    await expect(store.append(source, [line(1)])).rejects.toThrow(/disk of .* is full.*PIPECAT_CLOUD_LOG_MAX_MB/);
    freeBytes = 11;
    await vi.waitFor(() => store.append(source, [line(1)]));
    expect(await texts()).toEqual(['line 1']);
  });

  test('a search looks into lines, not at how they are written down', async () => {
    await store.append(source, [line(1, 'say "Hello"\tworld'), line(2, 'i-1'), line(3, 'ÄÖÜ straße')]);
    expect(await texts({ query: '"hello"' })).toEqual(['say "Hello"\tworld']);
    expect(await texts({ query: '\t' })).toEqual(['say "Hello"\tworld']);
    expect(await texts({ query: 'i-1' })).toEqual(['i-1']);
    expect(await texts({ query: 'äöü STRA' })).toEqual(['ÄÖÜ straße']);
    expect(await texts({ query: '"x"' })).toEqual([]);
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
