import pg from 'pg';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { scratchDatabases } from '../testing/databases.js';
import { openPostgresProxy } from '../testing/postgres-proxy.js';
import { createLease, type Lease } from './lease.js';

const log = pino({ enabled: false });
const until = (look: () => void) => vi.waitFor(look, { interval: 10 });

test('on SQLite the one process has it from the start', () => {
  const lease = createLease({
    database: { dialect: 'sqlite', file: ':memory:' },
    log,
    onHeld: vi.fn(),
    onLost: vi.fn(),
  });
  expect(lease.held()).toBe(true);
});

const postgres = scratchDatabases.filter(({ name }) => name === 'PostgreSQL');

describe.each(postgres)('the lease on $name', ({ create }) => {
  let url: string;
  let drop: () => Promise<void>;
  let leases: Lease[];

  beforeEach(async () => {
    const scratch = await create();
    ({ drop } = scratch);
    url = scratch.url ?? '';
    leases = [];
  });
  afterEach(async () => {
    for (const lease of leases) await lease.close();
    await drop();
  });

  function ask(at = url) {
    const told = { held: vi.fn(), lost: vi.fn() };
    const lease = createLease({
      database: { dialect: 'postgres', url: at },
      ...{ log, onHeld: told.held, onLost: told.lost, intervalMs: 20 },
    });
    leases.push(lease);
    void lease.start();
    return { lease, told };
  }

  test('one of several has it, and another once it is given up', async () => {
    const first = ask();
    await until(() => expect(first.lease.held()).toBe(true));
    const second = ask();
    await until(() => expect(second.told.lost).toHaveBeenCalled());
    expect([first.lease.held(), second.lease.held()]).toEqual([true, false]);
    await first.lease.close();
    expect(first.lease.held()).toBe(false);
    await until(() => expect(second.lease.held()).toBe(true));
    expect(second.told.held).toHaveBeenCalledOnce();
  });

  test('closing does not wait for a server that stands still, nor has it the lease afterwards', async () => {
    const proxy = await openPostgresProxy(url);
    const { lease, told } = ask(proxy.url);
    await until(() => expect(lease.held()).toBe(true));
    proxy.freeze();
    await lease.close();
    proxy.cut();
    await proxy.close();
    expect([lease.held(), told.held.mock.calls.length]).toEqual([false, 1]);
  });

  test('whoever loses its connection no longer has it, and asks again', async () => {
    const first = ask();
    await until(() => expect(first.lease.held()).toBe(true));
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const other = ask();
    await until(() => expect(other.told.lost).toHaveBeenCalled());
    await client.query(
      "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())",
    );
    await client.end();
    // Never both: whoever has it now, the other has not.
    await until(() => expect([first.lease.held(), other.lease.held()].filter(Boolean)).toHaveLength(1));
    await until(() => expect(first.told.held.mock.calls.length + other.told.held.mock.calls.length).toBe(2));
  });
});
