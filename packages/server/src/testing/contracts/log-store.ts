import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FollowedLines, LogLine, LogPageQuery, LogSource, LogStore, StoredLogLine } from '../../logs/log-store.js';

export interface OpenLogStore {
  store: LogStore;
  /** The same lines in a new store, as after a restart; the old one is not closed, as after `kill -9`. */
  reopen(): Promise<LogStore>;
  end(): Promise<void>;
}

/** What every log store promises, whatever it keeps lines in. */
export function describeLogStore(name: string, open: () => Promise<OpenLogStore>): void {
  describe(`log store: ${name}`, () => {
    const agentId = '11111111-1111-4111-8111-111111111111';
    const otherAgentId = '22222222-2222-4222-8222-222222222222';
    const source = (instanceId = 'i-1', deploymentId = 'd-1', agent = agentId): LogSource => ({
      agentId: agent,
      deploymentId,
      instanceId,
    });
    const timeOf = (second: number) => new Date(Date.UTC(2026, 4, 4, 10, 0, second)).toISOString();
    const line = (position: number, more: Partial<LogLine> = {}): LogLine => ({
      position,
      time: timeOf(position),
      text: `line ${position}`,
      ...more,
    });
    const lines = (first: number, last: number) =>
      Array.from({ length: last - first + 1 }, (_, index) => line(first + index));

    let opened: OpenLogStore;
    let store: LogStore;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(async () => {
      await store.close();
      await opened.end();
    });

    const read = (query: Partial<LogPageQuery> = {}, from = store) =>
      from.read({ agentId, limit: 1000, offset: 0, order: 'asc', ...query });
    const texts = async (query: Partial<LogPageQuery> = {}, from = store) =>
      (await read(query, from)).lines.map(({ text }) => text);
    const total = async (query: Partial<LogPageQuery> = {}) => (await read(query)).total;

    test('an agent without lines has none', async () => {
      expect(await read()).toEqual({ lines: [], total: { value: 0, relation: 'eq' } });
    });

    test('gives back what was added, and only of the agent that is asked for', async () => {
      const strange = 'tab\t "quotes" \\ \u2028 😀 \0 \n newline';
      await store.append(source(), [line(1, { text: strange, sessionId: 's-1' })]);
      await store.append(source('i-1', 'd-1', otherAgentId), [line(1)]);
      const { lines } = await read();
      expect(lines).toEqual([
        {
          ...{ position: 1, time: timeOf(1), text: strange, sessionId: 's-1', deploymentId: 'd-1', instanceId: 'i-1' },
          ...{ level: 'INFO', cursor: expect.any(String) },
        },
      ]);
    });

    test('a page holds the newest lines that match, sorted as asked', async () => {
      await store.append(source(), lines(1, 9));
      expect(await texts({ limit: 2 })).toEqual(['line 8', 'line 9']);
      expect(await texts({ limit: 2, order: 'desc' })).toEqual(['line 9', 'line 8']);
      expect(await texts({ limit: 2, offset: 3 })).toEqual(['line 5', 'line 6']);
      expect(await texts({ limit: 5, offset: 7 })).toEqual(['line 1', 'line 2']);
      expect(await texts({ offset: 9 })).toEqual([]);
      expect(await total({ limit: 2, offset: 3 })).toEqual({ value: 9, relation: 'eq' });
    });

    test('pages from the oldest go on where the one before ended, filtered or not, and count all that match', async () => {
      await store.append(source(), lines(1, 9));
      const oldest = { from: 'oldest', limit: 4 } as const;
      expect(await texts(oldest)).toEqual(['line 1', 'line 2', 'line 3', 'line 4']);
      expect(await texts({ ...oldest, offset: 4 })).toEqual(['line 5', 'line 6', 'line 7', 'line 8']);
      expect(await texts({ ...oldest, offset: 8 })).toEqual(['line 9']);
      expect(await texts({ ...oldest, offset: 9 })).toEqual([]);
      expect(await texts({ ...oldest, limit: 2, order: 'desc' })).toEqual(['line 2', 'line 1']);
      const late = { ...oldest, startTime: new Date(timeOf(3)) };
      expect(await texts(late)).toEqual(['line 3', 'line 4', 'line 5', 'line 6']);
      expect(await texts({ ...late, offset: 4 })).toEqual(['line 7', 'line 8', 'line 9']);
      expect([await total(oldest), await total(late)]).toMatchObject([{ value: 9 }, { value: 7 }]);
    });

    test('a page is sorted by time where instances send in batches, and by arrival where times are equal', async () => {
      await store.append(source('i-1'), [line(1), line(3)]);
      await store.append(source('i-2'), [line(2), line(4, { time: timeOf(3), text: 'line 3 of i-2' })]);
      expect(await texts()).toEqual(['line 1', 'line 2', 'line 3', 'line 3 of i-2']);
      expect(await texts({ order: 'desc' })).toEqual(['line 3 of i-2', 'line 3', 'line 2', 'line 1']);
    });

    test('filters combine, and the total counts what matches', async () => {
      await store.append(source('i-1', 'd-1'), [
        line(1, { sessionId: 's-1', text: 'Hello World' }),
        line(2, { sessionId: 's-2', text: 'hello again' }),
        line(3, { text: 'no session' }),
      ]);
      await store.append(source('i-2', 'd-2'), [line(4, { sessionId: 's-1', text: 'HELLO from d-2' })]);
      expect(await texts({ sessionId: 's-1' })).toEqual(['Hello World', 'HELLO from d-2']);
      expect(await texts({ deploymentId: 'd-1' })).toEqual(['Hello World', 'hello again', 'no session']);
      expect(await texts({ sessionId: 's-1', deploymentId: 'd-2' })).toEqual(['HELLO from d-2']);
      expect(await texts({ query: 'heLLo' })).toEqual(['Hello World', 'hello again', 'HELLO from d-2']);
      expect(await texts({ query: 's-1' })).toEqual([]);
      expect(await texts({ startTime: new Date(timeOf(2)), endTime: new Date(timeOf(3)) })).toEqual([
        'hello again',
        'no session',
      ]);
      expect(await texts({ startTime: new Date(timeOf(5)) })).toEqual([]);
      expect(await texts({ endTime: new Date(timeOf(0)) })).toEqual([]);
      expect(await texts({ sessionId: 's-9' })).toEqual([]);
      expect(await texts({ query: 'hello', limit: 1, offset: 1 })).toEqual(['hello again']);
      expect(await total({ query: 'hello', limit: 1, offset: 1 })).toEqual({ value: 3, relation: 'eq' });
    });

    test('a repeated or overlapping batch adds nothing twice, also after a restart', async () => {
      await store.append(source(), lines(1, 3));
      await store.append(source(), lines(1, 3));
      await store.append(source(), lines(2, 5));
      await store.append(source('i-2'), lines(1, 1));
      await store.append(source(), [line(6), line(6, { text: 'again' })]);
      const expected = ['line 1', 'line 1', 'line 2', 'line 3', 'line 4', 'line 5', 'line 6'];
      expect(await texts()).toEqual(expected);
      store = await opened.reopen();
      await store.append(source(), lines(4, 6));
      await store.append(source('i-2'), lines(1, 1));
      expect(await texts()).toEqual(expected);
      await store.append(source('i-2'), lines(1, 2));
      expect(await texts()).toEqual([...expected, 'line 2'].sort());
    });

    test('batches that come at the same time are all there, each in one piece', async () => {
      const instances = Array.from({ length: 10 }, (_, index) => `i-${index}`);
      await Promise.all(
        instances.flatMap((id) => [store.append(source(id), lines(1, 5)), store.append(source(id), lines(3, 8))]),
      );
      const { lines: found } = await read();
      expect(found).toHaveLength(80);
      for (const id of instances) {
        expect(found.filter(({ instanceId }) => instanceId === id).map(({ position }) => position)).toEqual([
          1, 2, 3, 4, 5, 6, 7, 8,
        ]);
      }
    });

    test('many lines are counted at least as far as it says, and all can be paged through', async () => {
      const count = 25_000;
      for (let first = 1; first <= count; first += 5000) {
        await store.append(
          source(),
          lines(first, first + 4999).map((one) => ({ ...one, time: timeOf(0), sessionId: 's-1' })),
        );
      }
      expect(await total({ limit: 1 })).toEqual({ value: count, relation: 'eq' });
      const filtered = await total({ limit: 1, sessionId: 's-1' });
      expect(filtered.value).toBeGreaterThan(1);
      expect(filtered.relation === 'gte' ? filtered.value <= count : filtered.value === count).toBe(true);
      expect(await texts({ limit: 2, offset: 24_998 })).toEqual(['line 1', 'line 2']);
      expect(await texts({ limit: 2, offset: 24_997, sessionId: 's-1' })).toEqual(['line 2', 'line 3']);
      expect(await texts({ limit: 5, query: 'line 17' })).toContain('line 17999');
    });

    test('follows what arrives after the call, with the filters, and ends with its signal', async () => {
      await store.append(source(), lines(1, 2));
      const stop = new AbortController();
      const followed = store.follow({ agentId, query: 'line' }, stop.signal);
      await store.append(source(), [line(3), line(4, { text: 'other' }), line(5)]);
      const seen: string[] = [];
      for await (const step of followed) {
        seen.push(...step.lines.map(({ text }) => text));
        if (seen.length === 2) await store.append(source(), lines(6, 7));
        if (seen.length === 4) stop.abort();
      }
      expect(seen).toEqual(['line 3', 'line 5', 'line 6', 'line 7']);
    });

    test('levels and streams are kept and filtered by; a line that says no level has the one of its text', async () => {
      await store.append(source(), [
        line(1, { level: 'ERROR', stream: 'stderr' }),
        line(2, { text: '2026-05-04 10:00:02.000 | WARNING  | bot:bot:1 | NONE - careful', stream: 'stdout' }),
        line(3),
      ]);
      expect((await read()).lines.map(({ level, stream }) => [level, stream])).toEqual([
        ['ERROR', 'stderr'],
        ['WARNING', 'stdout'],
        ['INFO', undefined],
      ]);
      expect((await read({ levels: ['ERROR', 'INFO'] })).lines.map(({ position }) => position)).toEqual([1, 3]);
      expect(await total({ levels: ['CRITICAL'] })).toEqual({ value: 0, relation: 'eq' });
    });

    test('a cursor addresses its line: before, after and around it, also after a restart', async () => {
      await store.append(source('i-1'), lines(1, 5));
      await store.append(source('i-2', 'd-2'), lines(6, 9));
      const { lines: all } = await read();
      const cursor = all[3]?.cursor ?? '';
      const beside = async (side: 'before' | 'after' | 'around', more: object = {}) => {
        const query = { agentId, side, cursor, limit: 3, order: 'asc', ...more } as const;
        return (await store.readAt(query)).lines.map(({ text }) => text);
      };
      expect(new Set(all.map((one) => one.cursor)).size).toBe(9);
      expect(await beside('before')).toEqual(['line 1', 'line 2', 'line 3']);
      expect(await beside('after')).toEqual(['line 5', 'line 6', 'line 7']);
      expect(await beside('around')).toEqual(['line 3', 'line 4', 'line 5']);
      expect(await beside('after', { deploymentId: 'd-2', order: 'desc' })).toEqual(['line 8', 'line 7', 'line 6']);
      expect(await beside('before', { query: 'LINE 2' })).toEqual(['line 2']);
      expect(await beside('around', { limit: 1 })).toEqual(['line 4']);
      store = await opened.reopen();
      expect(await beside('around')).toEqual(['line 3', 'line 4', 'line 5']);
      const page = await store.readAt({ agentId, side: 'after', cursor, limit: 100, order: 'asc' });
      expect(page.total).toEqual({ value: 5, relation: 'eq' });
    });

    test('following goes on after a cursor, and begins with lines from before where it is asked to', async () => {
      await store.append(source(), lines(1, 6));
      const { lines: all } = await read();
      const take = async (more: object, count: number) => {
        const stop = new AbortController();
        const seen: string[] = [];
        for await (const step of store.follow({ agentId, ...more }, stop.signal)) {
          seen.push(...step.lines.map(({ text }) => text));
          if (seen.length >= count) stop.abort();
        }
        return seen;
      };
      expect(await take({ after: all[3]?.cursor }, 2)).toEqual(['line 5', 'line 6']);
      expect(await take({ after: all[1]?.cursor, query: 'line 5' }, 1)).toEqual(['line 5']);
      expect(await take({ tail: 2 }, 2)).toEqual(['line 5', 'line 6']);
      const later = take({ tail: 1 }, 2);
      await store.append(source(), lines(7, 7));
      expect(await later).toEqual(['line 6', 'line 7']);
    });

    test('a follower is told once it has read all that there was, and not before', async () => {
      await store.append(source(), lines(1, 20));
      await store.append(source('i-2'), lines(21, 40));
      const stop = new AbortController();
      const seen: string[] = [];
      for await (const step of store.follow({ agentId, after: '0.0' }, stop.signal)) {
        seen.push(...step.lines.map(({ text }) => text));
        if (step.caughtUp !== undefined) stop.abort();
      }
      expect(seen).toEqual(lines(1, 40).map(({ text }) => text));
    });

    test('reading on from a cursor gives everything once, in pieces', async () => {
      await store.append(source(), lines(1, 40));
      await store.append(source('i-2'), lines(41, 80));
      const seen: string[] = [];
      let cursor: string | undefined;
      for (;;) {
        const step = await store.readOn(agentId, cursor);
        if (!step) break;
        seen.push(...step.lines.map(({ text }) => text));
        cursor = step.cursor;
      }
      expect(seen).toEqual(lines(1, 80).map(({ text }) => text));
      await store.append(source('i-2'), lines(81, 81));
      expect((await store.readOn(agentId, cursor))?.lines.map(({ text }) => text)).toEqual(['line 81']);
    });

    test('says which agents have lines, and when some come', async () => {
      const heard: string[] = [];
      const stop = store.onAppend((id) => void heard.push(id));
      await store.append(source(), lines(1, 1));
      await store.append(source('i-1', 'd-1', otherAgentId), lines(1, 1));
      stop();
      await store.append(source(), lines(2, 2));
      expect(heard).toEqual([agentId, otherAgentId]);
      expect((await store.agents()).sort()).toEqual([agentId, otherAgentId]);
    });

    test('a follower that waits is ended by its signal, by the removal of the agent and by closing', async () => {
      await store.append(source(), lines(1, 1));
      const stop = new AbortController();
      const ends = [store.follow({ agentId }, stop.signal), store.follow({ agentId }, never)].map(collect);
      stop.abort();
      expect(await ends[0]).toEqual([]);
      await store.removeAgent(agentId);
      expect(await ends[1]).toEqual([]);
      const last = collect(store.follow({ agentId: otherAgentId }, never));
      await store.close();
      expect(await last).toEqual([]);
    });

    test('removing an agent removes its lines alone, and may be repeated', async () => {
      await store.append(source(), lines(1, 3));
      await store.append(source('i-1', 'd-1', otherAgentId), lines(1, 2));
      await store.removeAgent(agentId);
      await store.removeAgent(agentId);
      expect(await texts()).toEqual([]);
      expect(await texts({ agentId: otherAgentId })).toEqual(['line 1', 'line 2']);
      store = await opened.reopen();
      expect(await texts()).toEqual([]);
    });

    test('pruning keeps everything that is young enough, and the log goes on', async () => {
      const prune = (second: number) =>
        store.prune({ now: new Date(timeOf(second)), limitsOf: () => ({ maxAgeMs: 10_000 }), totalBytes: 0 });
      await store.append(source(), lines(1, 5));
      await prune(13);
      expect((await texts()).slice(-3)).toEqual(['line 3', 'line 4', 'line 5']);
      await prune(60);
      expect(await texts()).toEqual([]);
      await store.append(source(), lines(5, 6));
      expect(await texts()).toEqual(['line 6']);
    });

    test.each(['../../etc', '', '11111111-1111-4111-8111-11111111111/', 'a'])(
      'refuses %j as the id of an agent',
      async (bad) => {
        await expect(store.append({ ...source(), agentId: bad }, lines(1, 1))).rejects.toThrow('no UUID');
        await expect(read({ agentId: bad })).rejects.toThrow('no UUID');
        await expect(store.removeAgent(bad)).rejects.toThrow('no UUID');
      },
    );
  });
}

const never = new AbortController().signal;

async function collect(steps: AsyncIterable<FollowedLines>): Promise<StoredLogLine[]> {
  const all: StoredLogLine[] = [];
  for await (const { lines } of steps) all.push(...lines);
  return all;
}
