import { parseArgs } from 'node:util';
import type { DatabaseKind } from './world/database.js';

export interface RunOptions {
  seed: string;
  minutes: number;
  driver: string;
  database: DatabaseKind;
  /** Names of faults to choose from, by what they contain; all where empty. */
  only: readonly string[];
  keep: boolean;
  /** Where the evidence goes; undefined: it stays in the folder of the run. */
  evidence: string | undefined;
}

export const usage = `npm run prove -- [--seed N] [--minutes M] [--driver process|docker] [--database sqlite|postgres] [--only TEXT]… [--keep] [--evidence FOLDER]

Runs an installation under load and faults, and checks from outside that every promise of docs/reliability.md holds.
  --seed      chooses load and faults; default: any, and it is printed
  --minutes   of load and faults, 5 by default; starting and checking come on top
  --only      faults whose name contains this; may be given more than once
  --keep      keeps the evidence also where nothing was found
  --evidence  moves there what a person needs of it; else it stays where the run was
`;

/** Throws with what is wrong. */
export function readArguments(args: readonly string[]): RunOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      minutes: { type: 'string', default: '5' },
      driver: { type: 'string', default: 'process' },
      database: { type: 'string', default: 'sqlite' },
      only: { type: 'string', multiple: true, default: [] },
      keep: { type: 'boolean', default: false },
      evidence: { type: 'string' },
    },
  });
  const { seed, driver, database, only, keep, evidence } = values;
  const minutes = Number(values.minutes);
  if (!(minutes > 0 && minutes <= 24 * 60))
    throw new Error(`--minutes is '${values.minutes}'; it must be above 0, and 1440 at most`);
  if (driver !== 'process' && driver !== 'docker') throw new Error(`--driver is '${driver}'; process or docker`);
  if (database !== 'sqlite' && database !== 'postgres')
    throw new Error(`--database is '${database}'; sqlite or postgres`);
  return { seed, minutes, driver, database, only, keep, evidence };
}
