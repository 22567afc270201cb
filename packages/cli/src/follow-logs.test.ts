import type { LogEntry } from '@pipecat-cloud/contract/logs';
import fc from 'fast-check';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { pollLogs } from './commands/agent/poll-logs.js';
import { useCli } from './testing/cli.js';
import { token, useServer } from './testing/server.js';

vi.mock('node:timers/promises', () => ({ setTimeout: async () => undefined }));

const cli = useCli();
const server = useServer();
let env: Record<string, string>;

beforeEach(() => {
  env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token, PIPECAT_ORG: 'acme' };
});

const at = (milliseconds: number) => new Date(Date.UTC(2026, 3, 20, 10) + milliseconds).toISOString();

/** A store as the server has it: the newest by arrival, a page sorted by time; `grow` runs between any two requests and says when to end. */
function store(lines: LogEntry[], grow: () => boolean) {
  let idle = 0;
  return {
    async readLogs(_: string, __: string, { limit = 100, offset = 0 }: { limit?: number; offset?: number }) {
      if (!grow() && ++idle > 30) throw new Error('the end');
      const end = Math.max(0, lines.length - offset);
      const page = lines.slice(Math.max(0, end - limit), end);
      const sorted = page.sort((a, b) => (a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0));
      return { logs: sorted.toReversed(), total: { value: lines.length, relation: 'eq' } };
    },
    getSession: async () => ({ endedAt: null }),
  } as unknown as Parameters<typeof pollLogs>[0];
}

describe('following', () => {
  async function follow(api: ReturnType<typeof store>, limit: number): Promise<LogEntry[]> {
    const got: LogEntry[] = [];
    await expect(async () => {
      for await (const page of pollLogs(api, 'acme', 'bot', { limit, filter: {} })) got.push(...page);
    }).rejects.toThrow('the end');
    return got;
  }

  /** Puts the next burst into the store at each request, until there are no more. */
  const inBursts = (lines: LogEntry[], bursts: LogEntry[][]) => () => {
    const next = bursts.shift();
    lines.push(...(next ?? []));
    return next !== undefined;
  };

  test('loses nothing and doubles nothing, whatever arrives between two requests', async () => {
    const line = fc.record({ ms: fc.integer({ min: 0, max: 5 }), text: fc.constantFrom('a', 'b') });
    const burst = fc.oneof(fc.array(line, { maxLength: 3 }), fc.array(line, { minLength: 900, maxLength: 1200 }));
    await fc.assert(
      fc.asyncProperty(
        ...[fc.array(line, { maxLength: 30 }), fc.array(burst, { maxLength: 6 }), fc.integer({ min: 0, max: 20 })],
        async (old, more, limit) => {
          // A number tells them apart; what looks the same comes up in the test below.
          let count = 0;
          const entry = ({ ms, text }: { ms: number; text: string }): LogEntry => ({
            ...{ timestamp: at(ms), log: `${text} ${count++}`, deploymentId: 'd' },
          });
          const lines = old.map(entry);
          // The first request answers what is there already.
          const bursts = [[], ...more.map((some) => some.map(entry))];
          const newer = bursts.flat().map(({ log }) => log);
          const got = (await follow(store(lines, inBursts(lines, bursts)), limit)).map(({ log }) => log);
          const seen = new Set(got);
          expect(seen.size).toBe(got.length);
          expect(newer.filter((log) => !seen.has(log))).toEqual([]);
          expect(got.length - newer.length).toBe(Math.min(limit, old.length));
        },
      ),
      // Shrinking thousands of lines takes minutes and tells little.
      { numRuns: 30, endOnFailure: true },
    );
  });

  test('a line that repeats itself at the same time counts as often as it comes', async () => {
    const same: LogEntry = { timestamp: at(0), log: 'again', deploymentId: 'd' };
    const lines = [same];
    expect(await follow(store(lines, inBursts(lines, [[], [same, same], [], [same]])), 10)).toEqual([
      same,
      same,
      same,
      same,
    ]);
  });

  test('more than a page between two requests is fetched page by page, while their borders move', async () => {
    const entry = (index: number): LogEntry => ({ timestamp: at(index), log: `l${index}`, deploymentId: 'd' });
    const some = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => entry(from + index));
    const lines = [entry(0)];
    const got = await follow(store(lines, inBursts(lines, [[], some(1, 3501), some(3501, 3511)])), 1);
    expect(got.map(({ log }) => log)).toEqual(some(0, 3511).map(({ log }) => log));
  });
});

const follow = 'GET /v1/organizations/acme/services/bot/logs/follow';
const event = (id: string, entry: object) => `id: ${id}\ndata: ${JSON.stringify({ cursor: id, ...entry })}\n\n`;
const stream = (text: string) => ({ type: 'text/event-stream; charset=utf-8', text });

describe('agent logs --follow on a server that sends lines as they come', () => {
  const line = (index: number) => ({ log: `INFO ${index}`, timestamp: at(index), deploymentId: 'd', level: 'INFO' });

  test('asks for what is wanted, goes on after a break where it was, and ends with the session', async () => {
    const answers = [
      stream(`: following\n\n${event('1.a', line(1))}${event('1.b', line(2))}`),
      { status: 503, json: { error: 'It restarts', code: '503' } },
      stream(`id: 1.c\n\n${event('1.d', line(3))}event: end\ndata: {}\n\n`),
    ];
    server.routes[follow] = () => answers.shift() ?? { status: 500, json: { error: 'no more', code: '500' } };
    const args = ['agent', 'logs', 'bot', '--follow', '-s', 's1', '-n', '2', '-l', 'info', '--query', 'x', '--json'];
    const outcome = await cli.run(args, { env });
    expect(outcome.code).toBe(0);
    expect(
      outcome.stdout
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text).log),
    ).toEqual(['INFO 1', 'INFO 2', 'INFO 3']);
    const asked = server.requests.map(({ url }) => Object.fromEntries(new URL(url, 'http://x').searchParams));
    const filter = { sessionId: 's1', level: 'INFO', query: 'x' };
    expect(asked).toEqual([
      { ...filter, tail: '2' },
      { ...filter, after: '1.b' },
      { ...filter, after: '1.b' },
    ]);
  });

  test('says where lines were given up before they could be read', async () => {
    server.routes[follow] = stream(`event: gap\ndata: {}\n\n${event('3.a', line(1))}event: end\ndata: {}\n\n`);
    const outcome = await cli.run(['agent', 'logs', 'bot', '--follow'], { env });
    expect(outcome.stderr).toContain('no longer kept');
    expect(outcome.stdout).toContain('INFO 1');
  });

  test('a refusal is an error at once', async () => {
    server.routes[follow] = { status: 403, json: { error: 'This needs logs:read', code: '403' } };
    expect((await cli.run(['agent', 'logs', 'bot', '--follow'], { env })).code).toBe(6);
  });
});

test('agent logs --follow with a session ends with it, with all its lines, as JSON lines where asked', async () => {
  const line = (index: number) => ({ log: `ERROR ${index}`, timestamp: at(index), deploymentId: 'd', sessionId: 's1' });
  let asked = 0;
  server.routes['GET /v1/organizations/acme/services/bot/logs'] = () => {
    asked++;
    const logs = Array.from({ length: asked * 2 }, (_, index) => line(index)).toReversed();
    return { json: { logs, total: { value: logs.length, relation: 'eq' } } };
  };
  server.routes['GET /v1/organizations/acme/services/bot/sessions/s1'] = () => ({
    json: { sessionId: 's1', endedAt: asked >= 2 ? at(9) : null },
  });
  const args = ['agent', 'logs', 'bot', '--follow', '-s', 's1', '-n', '1', '-l', 'error', '--json'];
  const outcome = await cli.run(args, { env });
  expect(outcome.code).toBe(0);
  const logs = outcome.stdout
    .trim()
    .split('\n')
    .map((text) => (JSON.parse(text) as { log: string }).log);
  expect(logs).toEqual(['ERROR 1', 'ERROR 2', 'ERROR 3', 'ERROR 4', 'ERROR 5']);
  expect(
    server.requests.every(
      ({ url }) => !url.includes('/logs') || url.includes('/follow') || url.includes('sessionId=s1'),
    ),
  ).toBe(true);
});
