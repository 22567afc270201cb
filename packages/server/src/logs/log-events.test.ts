import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { forbidden } from '../errors.js';
import { logEvents } from './log-events.js';
import type { FollowedLines } from './log-store.js';

const timings = { tickMs: 5, heartbeatMs: 20, lingerMs: 30, stallMs: 60_000 };
const line = {
  ...{ position: 1, time: '2026-05-04T10:00:00.000Z', text: 'the last line', level: 'INFO' as const },
  ...{ deploymentId: 'd-1', instanceId: 'i-1', cursor: '1.1' },
};

/** Steps of a log that others write to all the time. */
async function* busy(gone: AbortSignal): AsyncGenerator<FollowedLines> {
  for (let bytes = 1; !gone.aborted; bytes++) {
    yield { lines: [], cursor: `1.${bytes.toString(36)}`, caughtUp: performance.now() };
    await turn();
  }
}

async function all(events: AsyncIterable<string>): Promise<string[]> {
  const seen: string[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

function follow(
  lines: (gone: AbortSignal) => AsyncIterable<FollowedLines>,
  deps: Partial<Parameters<typeof logEvents>[0]> = {},
) {
  const gone = new AbortController();
  return logEvents({
    ...{ lines: lines(gone.signal), signal: gone.signal, timings },
    ...{ stop: () => gone.abort(), onStall: () => gone.abort() },
    ...{ recheck: async () => undefined, hasEnded: undefined, ...deps },
  });
}

test('a session whose agent others keep busy ends all the same', async () => {
  expect((await all(follow(busy, { hasEnded: async () => true }))).at(-1)).toBe('event: end\ndata: {}\n\n');
}, 60_000);

test('a follower on whom nothing falls of a busy log hears that it lives, how far it is, and loses its right', async () => {
  let mayFollow = true;
  const recheck = async () => {
    if (!mayFollow) throw forbidden('missing_permission', 'no longer');
  };
  for await (const event of follow(busy, { recheck })) {
    expect(event).toMatch(/^(: .*|: |id: 1\..*)\n\n$/);
    if (event.startsWith('id: ')) mayFollow = false;
  }
  expect(mayFollow).toBe(false);
}, 60_000);

test('a session has not ended before the log was read to where it is, however long that takes', async () => {
  async function* far(gone: AbortSignal): AsyncGenerator<FollowedLines> {
    const until = performance.now() + 3 * timings.lingerMs;
    for (let bytes = 1; performance.now() < until; bytes++) {
      yield { lines: [], cursor: `1.${bytes.toString(36)}` };
      await turn();
    }
    yield { lines: [line], cursor: line.cursor, caughtUp: performance.now() };
    yield* busy(gone);
  }
  const events = await all(follow(far, { hasEnded: async () => true }));
  const shown = events.filter((text) => text.includes('data:'));
  expect(shown).toEqual([expect.stringContaining('the last line'), 'event: end\ndata: {}\n\n']);
}, 60_000);

test('a busy log is no reason to ask all the time whether a session has ended', async () => {
  let steps = 0;
  let asked = 0;
  const begun = performance.now();
  async function* counted(gone: AbortSignal): AsyncGenerator<FollowedLines> {
    for await (const step of busy(gone)) {
      steps++;
      yield step;
    }
  }
  const hasEnded = async () => {
    asked++;
    return steps > 500;
  };
  await all(follow(counted, { hasEnded }));
  expect(asked).toBeLessThanOrEqual((performance.now() - begun) / timings.tickMs);
}, 60_000);
