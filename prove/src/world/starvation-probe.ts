// A process of its own, as an instance is one: works for a moment every second, and tells how long the machine had it wait meanwhile.
import { setTimeout as sleep } from 'node:timers/promises';
import { now } from './wait.js';

/** Longer than a processor is left to one that has slept before: that would be served at once. */
const pieceMs = 25;
const everyMs = 1_000;

/** Which share of the time of a piece of work it was not served. */
function waitedShare(): number {
  const began = now();
  const before = process.cpuUsage();
  let servedMs = 0;
  for (let count = 0; servedMs < pieceMs; count++) {
    if (count % 10_000 !== 0) continue;
    const { user, system } = process.cpuUsage(before);
    servedMs = (user + system) / 1000;
  }
  return Math.max(0, 1 - servedMs / (now() - began));
}

process.once('disconnect', () => process.exit());
let since = now();
for (;;) {
  await sleep(everyMs);
  const share = waitedShare();
  const at = now();
  process.send?.({ at, ms: share * (at - since), of: at - since });
  since = at;
}
