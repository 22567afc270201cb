/** How exact the checker is, in milliseconds. */

/** E5: between a bot's end and the end that is recorded. */
export const promptMs = 1_000;
/** E4, E5 and E6: the same after a fault, and how long the whole may take to be as it should be. */
export const convergeMs = 10_000;
/** How long the prover watches for what should be so by then: longer than is allowed, on a machine that serves the prover. */
export const patienceMs = 60_000;
/** What may lie between an effect and its being noticed: polling, beats, a busy machine. */
export const settleMs = 1_500;

/** How long the product makes no instance of an agent in advance once so many ended in a row (docs/capacity.md, crash loops). */
export const backoffMs = (ends: number) => Math.min(30_000, 500 * 2 ** ends);
/** An instance that was idle for so long ends the row. */
export const steadyMs = 60_000;
