import type { History } from './history.js';
import { convergeMs } from './limits.js';

/** For how long the machine did not serve the prover itself, in the time in which all should be well again after a moment. */
export function lagOf(history: History, moment: number): number {
  const lags = history.of('lag').filter(({ at, ms }) => at >= moment && at - ms <= moment + convergeMs);
  return lags.reduce((sum, { ms }) => sum + ms, 0);
}

/**
 * The same of work that keeps a processor busy, as an instance that begins does: a machine that wakes the prover in time may leave it
 * waiting. Never more than that time itself.
 */
export function starvationOf(history: History, moment: number): number {
  return history.of('starved').reduce((sum, { at, ms, of }) => {
    const within = Math.min(at, moment + convergeMs) - Math.max(at - of, moment);
    return sum + (ms * Math.max(0, within)) / of;
  }, 0);
}
