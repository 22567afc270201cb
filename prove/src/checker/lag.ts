import type { History } from './history.js';
import { convergeMs } from './limits.js';

/** For how long the machine did not serve the prover itself, in the time in which all should be well again after a moment. */
export function lagOf(history: History, moment: number): number {
  const lags = history.of('lag').filter(({ at, ms }) => at >= moment && at - ms <= moment + convergeMs);
  return lags.reduce((sum, { ms }) => sum + ms, 0);
}
