import { beforeEach, expect, test } from 'vitest';
import { type Takers, whileTaken } from './taken.js';

let done: string[];
let takers: Takers;
beforeEach(() => {
  done = [];
  takers = {
    capMs: 60_000,
    watcher: { watch: (_, agent, session) => void done.push(`watch ${agent} ${session}`) },
    counted: (what) => void done.push(what),
    stopped: new AbortController().signal,
  };
});

/** Refuses so many starts before it gives an instance. */
function place(refusals: number) {
  let left = refusals;
  return {
    agent: 'porter',
    caller: {
      start: async () => (left-- > 0 ? undefined : { session: 's', request: 'r' }),
      look: async () => false,
      end: async (agent: string, session: string) => void done.push(`end ${agent} ${session}`),
    },
  };
}
const work = async () => void done.push('work');

test('a start that is refused is tried again until an instance is held', async () => {
  expect(await whileTaken([place(3)], work, takers)).toBe(1);
  expect(done).toEqual(['idle instance taken after a crash', 'watch porter s', 'work', 'end porter s']);
});

test('one that is refused for ever is told and not waited for any longer', async () => {
  expect(await whileTaken([place(Number.POSITIVE_INFINITY)], work, { ...takers, patienceMs: 100 })).toBe(0);
  expect(done).toEqual(['no idle instance given after a crash', 'work']);
});

test('nothing more is asked for once the run is stopped', async () => {
  const stopped = AbortSignal.abort();
  expect(await whileTaken([place(Number.POSITIVE_INFINITY)], work, { ...takers, stopped })).toBe(0);
});

test('what was taken is left also where the work fails', async () => {
  const fails = () => Promise.reject(new Error('no'));
  await expect(whileTaken([place(0)], fails, takers)).rejects.toThrow('no');
  expect(done).toContain('end porter s');
});
