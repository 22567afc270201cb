import { hash, randomBytes } from 'node:crypto';
import { createCredentialDigests } from '@pipecat-cloud/server/access/credential-digests';
import { openDatabase } from '@pipecat-cloud/server/db/open';
import { createStore } from '@pipecat-cloud/server/db/store';
import { createChecker, sourceOf, storeTokens } from './own-tokens.js';

/** One contender for so many seconds. */
export interface WarmOrder {
  contender: 'check' | 'bare';
  seconds: number;
}
export interface WarmResult {
  perSecond: number;
}

const storedTokens = 1_000;
const store = createStore(await openDatabase({ dialect: 'sqlite', file: ':memory:' }));
const digests = createCredentialDigests([{ id: 'bench', key: randomBytes(32) }]);
const { tokens } = await storeTokens(store, digests, storedTokens);
const sources = tokens.map(sourceOf);
const known = new Map(tokens.map((token) => [hash('sha256', token), { token }]));
const checker = createChecker(store, digests, { cached: true });

async function check(): Promise<void> {
  for (const source of sources) await checker.check(source);
}

/** What no check can do without: the hash, and the place where what is known of it stands. */
async function bare(): Promise<void> {
  for (const { authorization = '' } of sources) {
    if (!known.has(hash('sha256', authorization.slice('Bearer '.length)))) throw new Error('A hash is not its own');
  }
}

async function perSecond({ contender, seconds }: WarmOrder): Promise<number> {
  const run = contender === 'check' ? check : bare;
  const began = performance.now();
  let checks = 0;
  while (performance.now() - began < seconds * 1000) {
    await run();
    checks += sources.length;
    // Timers, such as those that write last uses, get their turn as in a server.
    await new Promise(setImmediate);
  }
  return (checks / (performance.now() - began)) * 1000;
}

process.on('message', (order: WarmOrder) => {
  void perSecond(order).then((value) => process.send?.({ perSecond: value } satisfies WarmResult));
});
process.on('disconnect', () => process.exit());
process.once('SIGTERM', () => {
  void checker
    .close()
    .then(() => store.close())
    .then(() => process.exit());
});
process.send?.({ type: 'ready' });
