import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Config, readConfig } from '../config/config.js';
import { openKeys } from '../config/keys.js';
import { openForReading } from '../db/open.js';
import { createStore, type Store } from '../db/store.js';
import { type Output, operatorCommand } from '../operator-command.js';
import { type Verification, verifyAll } from './chain-check.js';
import { auditKeyOf, installationChain } from './chain-head.js';

const usage = `Usage: npm run audit:verify [-- DATA_FOLDER] [-- --json]

Verifies every audit chain of an installation and changes nothing. Takes the settings of the control plane
(PIPECAT_CLOUD_DATA_DIR, PIPECAT_CLOUD_DATABASE_URL); the data folder must hold the installation's keys.json.
Exit code: 0 all chains are whole · 1 one is not, or could not be checked · 2 usage`;

/** The operator's verification of every chain. */
export const verifyInstallation = operatorCommand({
  usage,
  failure: 'Nothing was verified',
  read,
  run: async ({ folder, json }, environment, io) => {
    const config = readConfig(folder === undefined ? environment : { ...environment, PIPECAT_CLOUD_DATA_DIR: folder });
    const store = await openStore(config);
    try {
      return await report(store, json, io);
    } finally {
      await store.close();
    }
  },
});

function read(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (positionals.length > 1) throw new Error('Give one data folder at most');
  return { folder: positionals[0], json: values.json === true, help: values.help === true };
}

async function openStore({ dataDirectory, database }: Config): Promise<Store> {
  const keys = join(dataDirectory, 'keys.json');
  // Opening would make new ones, which verify nothing.
  await access(keys).catch(() => {
    throw new Error(`there is no ${keys}; name the data folder of the installation`);
  });
  const auditKey = auditKeyOf(await openKeys(keys));
  return createStore({ ...openForReading(database), auditKey });
}

async function report(store: Store, json: boolean, { out, err }: Output): Promise<number> {
  const chains: ({ chain: string; name: string } & Verification)[] = [];
  for await (const found of verifyAll(store.audit)) {
    const organization = found.chain === installationChain ? undefined : await store.organizations.find(found.chain);
    const name = organization?.name ?? found.chain;
    chains.push({ ...found, name });
    if (!json) out(sentence(name, found));
  }
  const broken = chains.filter(({ ok }) => !ok).length;
  if (json) out(JSON.stringify({ ok: broken === 0, chains }, null, 2));
  else if (broken > 0) err(`${broken} of ${chains.length} chains are broken`);
  return broken > 0 ? 1 : 0;
}

function sentence(name: string, { ok, records, from, to, headHash, problem }: Verification): string {
  return ok
    ? `ok      ${name}: ${records} record${records === 1 ? '' : 's'}${records > 0 ? `, ${from} to ${to}` : ''}, head ${headHash}`
    : `BROKEN  ${name}: record ${problem?.seq}: ${problem?.what}`;
}
