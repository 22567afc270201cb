import { access, open, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import Database from 'better-sqlite3';
import { type Config, readConfig } from '../config/config.js';
import { openUnmigrated } from '../db/open.js';
import { createStore } from '../db/store.js';
import { operatorCommand } from '../operator-command.js';

const usage = `Usage: npm run backup -- FILE      copies the database, while it is in use, to a file that is not there yet
       npm run backup -- --note    notes that a backup was made now, by pg_dump or otherwise

Takes the settings of the control plane (PIPECAT_CLOUD_DATA_DIR, PIPECAT_CLOUD_DATABASE_URL).
Exit code: 0 done · 1 not done · 2 usage`;

/** The operator's backup of the database; notes when the last one was made. */
export const backUpInstallation = operatorCommand({
  usage,
  failure: 'No backup',
  read,
  run: async ({ file }, environment, io) => {
    const config = readConfig(environment);
    if (file !== undefined) await copyDatabase(config, resolve(file));
    await note(config);
    if (file === undefined) io.out('Noted: a backup was made now.');
    else {
      const keys = join(config.dataDirectory, 'keys.json');
      io.out(`The database is in ${file}. Keep ${keys} too, in another place: without it nothing sealed opens.`);
    }
    return 0;
  },
});

function read(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { note: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  const [file] = positionals;
  if (!values.help && positionals.length !== (values.note ? 0 : 1)) throw new Error('Give one file, or --note');
  return { file, help: values.help === true };
}

/** Whole or not at all: under the name of the file stands nothing that was not finished and found sound. */
async function copyDatabase({ database }: Config, file: string): Promise<void> {
  if (database.dialect === 'postgres') {
    throw new Error(
      'this installation is on PostgreSQL. Use its own pg_dump --format=custom --file=FILE "$PIPECAT_CLOUD_DATABASE_URL", then: npm run backup -- --note',
    );
  }
  if (await exists(file)) throw new Error(`${file} is there already; name one that is not`);
  const partial = `${file}.partial`;
  await rm(partial, { force: true });
  // Made first, so that nobody else can read it at any moment.
  await (await open(partial, 'wx', 0o600)).close();
  try {
    const source = new Database(database.file, { readonly: true, fileMustExist: true });
    try {
      await source.backup(partial);
    } finally {
      source.close();
    }
    checkSound(partial);
    await flush(partial);
    await rename(partial, file);
    await flush(dirname(file));
  } finally {
    await rm(partial, { force: true });
  }
}

function checkSound(file: string): void {
  const copy = new Database(file);
  try {
    const found = copy.pragma('quick_check', { simple: true });
    if (found !== 'ok') throw new Error(`the copy is damaged (${found}); see whether the database is`);
    // One file, which opens anywhere; a copy of a database in WAL mode would ask for a second one beside it.
    copy.pragma('journal_mode = DELETE');
  } finally {
    copy.close();
  }
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync();
  await handle.close();
}

async function note({ database }: Config): Promise<void> {
  if (database.dialect === 'sqlite' && !(await exists(database.file))) {
    throw new Error(`there is no ${database.file}; set PIPECAT_CLOUD_DATA_DIR to the data folder of the installation`);
  }
  const store = createStore(await openUnmigrated(database));
  try {
    await store.settings.put('last-backup-at', new Date().toISOString());
  } finally {
    await store.close();
  }
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
