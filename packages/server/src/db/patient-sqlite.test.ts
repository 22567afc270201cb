import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, sql } from 'kysely';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PatientSqliteDialect } from './patient-sqlite.js';

interface Tables {
  note: { text: string };
}

let folder: string;
let other: Database.Database;
const open: Kysely<Tables>[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'patient-'));
  other = new Database(join(folder, 'db'), { timeout: 0 });
  other.pragma('journal_mode = WAL');
  other.exec('create table note (text text)');
});

afterEach(async () => {
  for (const db of open.splice(0)) await db.destroy();
  other.close();
  rmSync(folder, { recursive: true });
});

function connect(patienceMs: number): Kysely<Tables> {
  const database = new Database(join(folder, 'db'), { timeout: 0 });
  const db = new Kysely<Tables>({ dialect: new PatientSqliteDialect({ database }, { patienceMs }) });
  open.push(db);
  return db;
}

const write = (db: Kysely<Tables>, text: string) => db.insertInto('note').values({ text }).execute();
const written = () => other.prepare('select text from note').pluck().all();

test('a lock of another program is waited for, and meanwhile this process goes on', async () => {
  const db = connect(30_000);
  other.exec('begin exclusive');
  const done = vi.fn();
  const both = Promise.all([
    write(db, 'alone').then(done),
    db.transaction().execute(async (inside) => await write(inside, 'in a transaction')),
  ]);
  // Timers and sockets are served: with the library's own wait nothing below would run before the lock is gone.
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(done).not.toHaveBeenCalled();
  other.exec('commit');
  await both;
  expect(written()).toEqual(['alone', 'in a transaction']);
});

test('reading in between does not begin the wait anew', async () => {
  const db = connect(60);
  other.exec('begin exclusive');
  await expect(write(db, 'first')).rejects.toMatchObject({ code: 'SQLITE_BUSY' });
  await db.selectFrom('note').select('text').execute();
  const refused = vi.fn();
  const second = write(db, 'second').catch(refused);
  await new Promise((resolve) => setImmediate(resolve));
  expect(refused).toHaveBeenCalled();
  other.exec('commit');
  await second;
});

test('it is waited for once, however many wait; as soon as it is gone all is as before', async () => {
  const db = connect(0);
  other.exec('begin exclusive');
  const busy = { code: 'SQLITE_BUSY' };
  await expect(write(db, 'first')).rejects.toMatchObject(busy);
  await expect(write(db, 'second')).rejects.toMatchObject(busy);
  await expect(db.transaction().execute((inside) => write(inside, 'third'))).rejects.toMatchObject(busy);
  other.exec('commit');
  await write(db, 'fourth');
  await db.transaction().execute((inside) => write(inside, 'fifth'));
  expect(written()).toEqual(['fourth', 'fifth']);
});

test('a full disk is told as such, and nothing of the transaction is left', async () => {
  const db = connect(0);
  await sql`pragma max_page_count = 20`.execute(db);
  const large = 'x'.repeat(40_000);
  const writes = db.transaction().execute(async (inside) => {
    await write(inside, 'small');
    for (let count = 0; count < 10; count++) await write(inside, large);
  });
  await expect(writes).rejects.toMatchObject({ code: 'SQLITE_FULL' });
  expect(written()).toEqual([]);
  await write(db, 'afterwards');
  expect(written()).toEqual(['afterwards']);
});

test('what another program writes between the reading and the writing of a transaction waits for its end', async () => {
  const db = connect(0);
  await db.transaction().execute(async (inside) => {
    await sql`select * from note`.execute(inside);
    expect(() => other.exec("insert into note values ('other')")).toThrow(/locked/);
    await write(inside, 'ours');
  });
  expect(written()).toEqual(['ours']);
});
