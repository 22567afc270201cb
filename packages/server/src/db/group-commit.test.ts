import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { databases } from '../testing/databases.js';
import { createStore, type Store } from './store.js';

describe.each(databases)('transactions at the same moment on $name', (database) => {
  let store: Store;
  let drop: () => Promise<void>;
  beforeEach(async () => {
    const opened = await database.open();
    store = createStore(opened);
    drop = opened.drop;
  });
  afterEach(() => drop());

  const add = (name: string, then?: () => void) =>
    store.transaction(async ({ settings }) => {
      await settings.add(name, 'x');
      then?.();
      return name;
    });

  test('each gets what it made', async () => {
    const names = Array.from({ length: 50 }, (_, index) => `s${index}`);
    expect(await Promise.all(names.map((name) => add(name)))).toEqual(names);
    for (const name of names) expect(await store.settings.find(name)).toBe('x');
  });

  test('one that fails takes nothing back but its own', async () => {
    const fail = () => {
      throw new Error('no');
    };
    const results = await Promise.allSettled([add('a'), add('b', fail), add('c'), add('a')]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(await Promise.all(['a', 'b', 'c'].map(store.settings.find))).toEqual(['x', undefined, 'x']);
  });

  test('what is to follow a commit follows that of its own transaction', async () => {
    const seen: string[] = [];
    const work = (name: string, fails: boolean) =>
      store.transaction(async (repos) => {
        repos.afterCommit(() => seen.push(name));
        await repos.settings.add(name, 'x');
        if (fails) throw new Error('no');
      });
    await Promise.allSettled([work('a', false), work('b', true), work('c', false)]);
    expect(seen.sort()).toEqual(['a', 'c']);
  });

  test('one that is asked for while another runs is not left behind', async () => {
    let inner: Promise<string> | undefined;
    await store.transaction(async () => {
      inner = add('later');
    });
    expect(await inner).toBe('later');
  });

  test('where none can begin, each is told so, and no turn is taken from others', async () => {
    await drop();
    drop = async () => {};
    const results = await Promise.allSettled([add('a'), add('b')]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
