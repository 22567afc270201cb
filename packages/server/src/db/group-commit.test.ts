import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { databases, type TestDatabase } from '../testing/databases.js';
import { createStore, type Store } from './store.js';

const auditRecord = (id: string) => ({
  ...{ id, organizationId: null, at: '2026-01-01T00:00:00.000Z', actorKind: 'user', actorId: null },
  ...{ credentialId: null, parentCredentialId: null, address: null, userAgent: null, ciRun: null },
  ...{ action: 'test.done', target: null, detail: null },
});

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

  test('records of all that share a commit are in one chain, and of one that fails there is none', async () => {
    const record = (id: string, fails = false) =>
      store.transaction(async ({ audit }) => {
        audit.append(auditRecord(id));
        if (fails) throw new Error('no');
      });
    await Promise.allSettled([record('a'), record('b', true), record('c'), record('d')]);
    const lines = await store.audit.page('installation', 0, 100, 100);
    expect(lines.map(({ id }) => id).sort()).toEqual(['a', 'c', 'd']);
    expect(lines.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(lines.map(({ prevHash }) => prevHash).slice(1)).toEqual(lines.map(({ hash }) => hash).slice(0, -1));
  });

  test('where none can begin, each is told so, and no turn is taken from others', async () => {
    await drop();
    drop = async () => {};
    const results = await Promise.allSettled([add('a'), add('b')]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});

describe('in which order, on SQLite', () => {
  const sqlite = databases[0] as TestDatabase;
  let store: Store;
  let drop: () => Promise<void>;
  beforeEach(async () => {
    const opened = await sqlite.open();
    store = createStore(opened);
    drop = opened.drop;
  });
  afterEach(() => drop());

  test('what was begun goes before what only begins', async () => {
    const order: string[] = [];
    const work = (name: string, first: boolean) => store.transaction(async () => void order.push(name), { first });
    await Promise.all([work('a', false), work('b', false), work('c', true), work('d', true)]);
    expect(order).toEqual(['c', 'd', 'a', 'b']);
  });

  test('between two commits the others of the process have their turn', async () => {
    const order: string[] = [];
    // Longer than a batch takes more.
    const long = async () => {
      const until = performance.now() + 25;
      while (performance.now() < until);
      order.push('transaction');
    };
    const other = () => order.push('other');
    const first = store.transaction(async () => {
      await long();
      setImmediate(other);
    });
    await Promise.all([first, store.transaction(long)]);
    expect(order).toEqual(['transaction', 'other', 'transaction']);
  });
});
