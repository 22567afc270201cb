import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createCredentialDigests } from '@pipecat-cloud/server/access/credential-digests';
import { openDatabase } from '@pipecat-cloud/server/db/open';
import { createStore } from '@pipecat-cloud/server/db/store';
import type { Figure, Measurement } from '../figure.js';
import type { Resources } from '../resources.js';
import { countStatements } from '../statements.js';
import { percentile, spreadOf, turned } from '../statistics.js';
import { storeManyTokens } from './many-tokens.js';
import { type Checker, createChecker, sourceOf } from './own-tokens.js';

const sizes = [1, 1_000, 1_000_000] as const;
const rounds = 9;
const turnsEach = 40;
const checksPerTurn = 100;
/**
 * With one token asked for, how many are stored is all that differs. Spread over the whole table, each check also reads what the
 * processor's caches have not seen for long: the worst that a check can meet.
 */
const kinds = [
  { name: 'check-cached-p50', checker: 'cached', askedFor: 1, goal: { kind: 'atMost', value: 1.1 } },
  { name: 'check-cold-p50', checker: 'cold', askedFor: 1, goal: { kind: 'atMost', value: 1.1 } },
  {
    name: 'check-cold-spread-p50',
    checker: 'cold',
    askedFor: Number.POSITIVE_INFINITY,
    goal: { kind: 'atMost', value: 1.1 },
  },
] as const;
type Kind = (typeof kinds)[number];

type Sources = readonly ReturnType<typeof sourceOf>[];
interface Contender {
  stored: number;
  cold: Checker;
  cached: Checker;
  sources: Sources;
}

/** Asks for the tokens in turn; milliseconds of each check. */
async function timesOf({ check }: Checker, sources: Sources, from: number): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < checksPerTurn; index++) {
    const source = asSent(sources[(from + index) % sources.length] as Sources[number]);
    const began = performance.now();
    await check(source);
    times.push(performance.now() - began);
  }
  return times;
}

/** Made anew, as the text of a request's header is. */
function asSent(source: Sources[number]): Sources[number] {
  return { ...source, authorization: Buffer.from(source.authorization ?? '').toString('latin1') };
}

async function open(resources: Resources, folder: string, stored: number): Promise<Contender> {
  const file = join(folder, `${stored}.db`);
  const database = await openDatabase({ dialect: 'sqlite', file });
  resources.onClose(() => database.db.destroy());
  const store = createStore(database);
  const digests = createCredentialDigests([{ id: 'bench', key: randomBytes(32) }]);
  const sources = storeManyTokens(file, digests, stored).map(sourceOf);
  const [cold, cached] = [false, true].map((of) => createChecker(store, digests, { cached: of })) as [Checker, Checker];
  resources.onClose(() => cold.close());
  resources.onClose(() => cached.close());
  return { stored, cold, cached, sources };
}

/** The median check of each contender in one round. They take turns after every hundred checks, so that all have the same weather. */
async function round(contenders: readonly Contender[], { checker, askedFor }: Kind, at: number): Promise<number[]> {
  const times = contenders.map((): number[] => []);
  for (let turn = 0; turn < turnsEach; turn++) {
    for (const contender of turned(contenders, turn)) {
      const sources = contender.sources.slice(0, askedFor);
      const from = (at * turnsEach + turn) * checksPerTurn;
      times[contenders.indexOf(contender)]?.push(...(await timesOf(contender[checker], sources, from)));
    }
    await new Promise(setImmediate);
  }
  return times.map((of) => percentile(of, 0.5));
}

/** What a check costs where the token is not known yet, and whether it matters how many are stored. */
export const checkCold: Figure = {
  name: 'check-cold',
  about: 'statements per check of an unknown token, and how far the p50 depends on how many tokens are stored',
  async measure({ resources, progress }) {
    const folder = await resources.folder('check-cold');
    const counter = countStatements();
    resources.onClose(counter.stop);
    const contenders: Contender[] = [];
    for (const stored of sizes) {
      progress(`storing ${stored.toLocaleString('en')} tokens`);
      contenders.push(await open(resources, folder, stored));
    }
    const statements = await statementsPerCheck(contenders, counter);
    const found: Measurement[] = [statements];
    for (const kind of kinds) {
      await round(contenders, kind, rounds); // Warms up, and fills what caches there are.
      const p50s: number[][] = [];
      for (let at = 0; at < rounds; at++) {
        progress(`${kind.name}: round ${at + 1} of ${rounds}`);
        p50s.push(await round(contenders, kind, at));
      }
      const { median, min, max } = spreadOf(p50s.map((of) => Math.max(...of) / Math.min(...of)));
      const each = contenders.map(({ stored }, index) => {
        const microseconds = spreadOf(p50s.map((of) => of[index] ?? 0)).median * 1000;
        return `${microseconds.toFixed(1)} µs with ${stored.toLocaleString('en')} stored`;
      });
      found.push({
        name: kind.name,
        value: median,
        unit: 'x',
        goal: kind.goal,
        min,
        max,
        rounds,
        note: each.join(', '),
      });
    }
    return found;
  },
};

/** Exactly one for each that has stored any: fewer would mean that something answered that should have asked. */
async function statementsPerCheck(
  contenders: readonly Contender[],
  counter: ReturnType<typeof countStatements>,
): Promise<Measurement> {
  const perCheck: number[] = [];
  for (const { cold, sources } of contenders) {
    counter.take();
    await timesOf(cold, sources, 0);
    const { reads, writes } = counter.take();
    perCheck.push((reads + [...writes.values()].reduce((sum, times) => sum + times, 0)) / checksPerTurn);
  }
  const { median, min, max } = spreadOf(perCheck);
  if (min < 1) throw new Error(`A check without the cache asked the database only ${min} times`);
  const note = `SQL statements per check without the cache, ${checksPerTurn} checks on each database`;
  const goal = { kind: 'atMost', value: 1 } as const;
  return { name: 'check-cold', value: median, unit: 'statements', goal, min, max, rounds: contenders.length, note };
}
