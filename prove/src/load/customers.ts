import type { Random } from '../random.js';
import { now, pause } from '../world/wait.js';
import type { Caller, Order } from './caller.js';
import type { Watcher } from './watcher.js';

export interface Shop {
  caller: Caller;
  agent: string;
  capMs: number;
  /** It may take no more memory than it was given. */
  contained: boolean;
}
export interface Customers {
  random: Random;
  watcher: Watcher;
  /** No new session from then on; those that run go on. */
  signal: AbortSignal;
  /** When that will be, on the clock of `now`. */
  lastsUntil: number;
  counted: (what: string) => void;
}

/** False: there was no session. */
type Visit = (shop: Shop, random: Random, rest: Customers) => Promise<boolean>;

/** One customer: comes, does what it drew, and comes again. */
export async function customer(shop: Shop, rest: Customers): Promise<void> {
  const { random, signal } = rest;
  while (!signal.aborted) {
    await pause(random.between(100, 2_500), signal);
    if (signal.aborted) return;
    const visit = random.weighted(visits.filter(({ contained }) => !contained || shop.contained));
    if (now() + (visit.lastsMs ?? 0) > rest.lastsUntil) continue;
    rest.counted((await visit.make(shop, random, rest)) ? visit.name : 'start refused or lost');
  }
}

async function withBot(shop: Shop, order: Order, { watcher }: Customers): Promise<string | undefined> {
  const held = await shop.caller.start(shop.agent, order, shop.capMs);
  if (held) watcher.watch(shop.caller, shop.agent, held.session);
  return held?.session;
}

const lasting =
  (does: Order['does'], least: number, most: number): Visit =>
  async (shop, random, rest) => {
    const seconds = random.between(least, most);
    const session = await withBot(shop, { does, seconds }, rest);
    if (!session) return false;
    if (random.chance(0.5)) {
      await pause(random.between(0, seconds * 500));
      await shop.caller.ask(shop.agent, session);
    }
    await pause(random.between(0, seconds * 1000));
    return true;
  };

/** Stopped by its client, whatever its bot thinks of it. */
const stopped =
  (does: Order['does']): Visit =>
  async (shop, random, rest) => {
    const session = await withBot(shop, { does, seconds: 600 }, rest);
    if (!session) return false;
    await pause(random.between(200, 4_000));
    await shop.caller.end(shop.agent, session);
    return true;
  };

const socket =
  (order: Order, least: number, most: number): Visit =>
  async ({ caller, agent, capMs }, random, { watcher }) => {
    const onOpen = (session: string) => watcher.watch(caller, agent, session);
    return await caller.talk(agent, order, { forMs: random.between(least, most), capMs, onOpen });
  };

const visits: readonly { name: string; weight: number; lastsMs?: number; contained?: true; make: Visit }[] = [
  { name: 'ended by itself', weight: 8, make: lasting('talk', 0.1, 6) },
  { name: 'stopped by its client', weight: 2, make: stopped('talk') },
  { name: 'socket closed by its client', weight: 2, make: socket({ does: 'talk', seconds: 600 }, 300, 5_000) },
  { name: 'socket closed by its bot', weight: 1, make: socket({ does: 'talk', seconds: 2 }, 30_000, 30_001) },
  {
    name: 'bot went on after its socket',
    weight: 0.7,
    make: socket({ does: 'linger', seconds: 600, lingers: 5 }, 300, 2_000),
  },
  {
    name: 'bot stayed for ever after its socket',
    weight: 0.3,
    make: socket({ does: 'linger', seconds: 600, lingers: 90 }, 300, 2_000),
  },
  { name: 'bot crashed', weight: 0.5, make: lasting('crash', 0.2, 3) },
  { name: 'bot killed itself', weight: 0.5, make: lasting('vanish', 0.2, 3) },
  { name: 'bot took all memory', weight: 0.7, contained: true, make: lasting('gorge', 0.2, 3) },
  { name: 'bot hung', weight: 0.4, make: lasting('hang', 4, 12) },
  { name: 'bot failed', weight: 0.4, make: lasting('fail', 0.1, 2) },
  { name: 'bot ignored SIGTERM', weight: 0.6, make: stopped('ignore') },
  { name: 'at its cap, ignored by its bot', weight: 0.15, lastsMs: 80_000, make: lasting('ignore', 100, 101) },
];
