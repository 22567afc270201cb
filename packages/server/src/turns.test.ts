import { setImmediate as pass } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createFairTurns, createTurns } from './turns.js';

/** Work that notes when it begins, and lasts until it is let go. */
function pieces() {
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<string>>();
  const work = (name: string) => () => {
    begun.push(name);
    const end = Promise.withResolvers<string>();
    ends.set(name, end);
    return end.promise;
  };
  return { begun, work, end: (name: string) => ends.get(name) as PromiseWithResolvers<string> };
}

test('no more run at a time than may, the others in their order, also after one that fails', async () => {
  const { begun, work, end } = pieces();
  const inTurn = createTurns(2);
  const [a, ...others] = ['a', 'b', 'c', 'd'].map((name) => inTurn(work(name)));
  await pass();
  expect(begun).toEqual(['a', 'b']);
  end('a').reject(new Error('no'));
  await expect(a).rejects.toThrow('no');
  end('b').resolve('b');
  await pass();
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
  for (const name of ['c', 'd']) end(name).resolve(name);
  expect(await Promise.all(others)).toEqual(['b', 'c', 'd']);
});

test('whoever asks for much holds nobody else up', async () => {
  const { begun, work, end } = pieces();
  const inTurn = createFairTurns(2);
  const [first, second, third] = ['flood-1', 'flood-2', 'flood-3'].map((name) => inTurn('flood', work(name)));
  const other = inTurn('other', work('other-1'));
  await pass();
  expect(begun).toEqual(['flood-1', 'other-1']);
  end('flood-1').reject(new Error('no'));
  await expect(first).rejects.toThrow('no');
  const others = ['x', 'y'].map((key) => inTurn(key, work(key)));
  await pass();
  expect(begun).toEqual(['flood-1', 'other-1', 'flood-2']);
  for (const name of ['other-1', 'flood-2']) end(name).resolve(name);
  await pass();
  // The next of the flood has queued anew, behind those that came meanwhile.
  expect(begun).toEqual(['flood-1', 'other-1', 'flood-2', 'x', 'y']);
  for (const name of ['x', 'y']) end(name).resolve(name);
  await pass();
  end('flood-3').resolve('flood-3');
  expect(await Promise.all([other, second, third, ...others])).toEqual(['other-1', 'flood-2', 'flood-3', 'x', 'y']);
});

test('what is gone before its turn is not begun, and holds up neither its own nor others', async () => {
  const { begun, work, end } = pieces();
  const inTurn = createFairTurns(1);
  const gone = new AbortController();
  const first = inTurn('a', work('a-1'));
  const inLine = inTurn('b', work('b-1'), gone.signal);
  const behind = inTurn('a', work('a-2'), gone.signal);
  const last = inTurn('a', work('a-3'));
  await pass();
  const left = Promise.allSettled([inLine, behind]);
  gone.abort(new Error('went away'));
  const other = inTurn('c', work('c-1'));
  await pass();
  end('a-1').resolve('a-1');
  await pass();
  expect((await left).map((ended) => ended.status === 'rejected' && ended.reason)).toEqual([
    gone.signal.reason,
    gone.signal.reason,
  ]);
  end('c-1').resolve('c-1');
  await pass();
  end('a-3').resolve('a-3');
  expect(await Promise.all([first, other, last])).toEqual(['a-1', 'c-1', 'a-3']);
  expect(begun).toEqual(['a-1', 'c-1', 'a-3']);
});
