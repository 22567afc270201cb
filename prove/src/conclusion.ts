import type { RunOptions } from './arguments.js';
import type { RunResult } from './run.js';

/** Nothing was found, and nothing that was to be tried was left out. */
export const isClean = ({ breaches, untried }: Pick<RunResult, 'breaches' | 'untried'>): boolean =>
  breaches.length === 0 && untried.length === 0;

/** The last line: what was found, and for whoever looks into it how to bring it about again. */
export function conclude(result: Pick<RunResult, 'breaches' | 'untried'>, options: RunOptions): string {
  const { breaches, untried } = result;
  if (isClean(result)) return `No breach of E1 to E9. Seed ${options.seed}.`;
  const found = [
    breaches.length > 0 ? `${breaches.length} breaches` : 'No breach of E1 to E9',
    ...(untried.length > 0 ? [`${untried.length} not tried, see above`] : []),
  ];
  return `${found.join(', ')}. Again: ${commandOf(options)}`;
}

function commandOf({ seed, minutes, driver, database, only }: RunOptions): string {
  const options = { seed, minutes, driver, database };
  const all = Object.entries(options).concat(only.map((text): [string, string] => ['only', `'${text}'`]));
  return ['npm run prove --', ...all.map(([name, value]) => `--${name} ${value}`)].join(' ');
}
