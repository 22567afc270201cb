import type { Random } from '../random.js';
import { absentImage, prepareAgent } from '../world/agent-context.js';
import { addTenants } from '../world/tenants.js';
import { pause, until } from '../world/wait.js';
import type { World } from '../world/world.js';
import { createCaller } from './caller.js';
import { customer } from './customers.js';
import { operator, type Shopkeeper, setSecret, tidy } from './operators.js';
import { whileTaken } from './taken.js';
import { createWatcher } from './watcher.js';

export interface MarketOptions {
  random: Random;
  counted: (what: string) => void;
  /** What the API has said in errors. */
  said: (text: string) => void;
  newSecret: (value: string) => void;
}
export type Market = Awaited<ReturnType<typeof openMarket>>;

const agentNames = ['barista', 'waiter'];
/** Has no people of its own, and a new instance for each session: whoever takes the one that waits leaves none. */
const quietAgent = 'porter';
const customersPerAgent = 3;
export const lastLimits = { minAgents: 1, maxAgents: 3 } as const;

/** Organizations with agents, and those who use and run them. Resolves once every agent serves. */
export async function openMarket(world: World, { random, counted, said, newSecret }: MarketOptions) {
  const tenants = await addTenants(world, ['north', 'south']);
  const closing = new AbortController();
  const watcher = createWatcher(world.recorder, closing.signal);
  const capMs = 60_000;
  const secretSet = 'vault';
  const shops: Shopkeeper[] = [];
  for (const tenant of tenants) {
    const { client, name } = tenant;
    const caller = createCaller(tenant, world.recorder, said);
    await client.putSecret(name, secretSet, { secretKey: 'PROVE_ORGANIZATION', secretValue: name });
    await setSecret({ caller, secretSet, newSecret });
    for (const agent of [...agentNames, quietAgent]) {
      const good = await prepareAgent(world, tenant, { agent, version: 'good', broken: false });
      const broken = await prepareAgent(world, tenant, { agent, version: 'broken', broken: true });
      await client.createService(name, {
        serviceName: agent,
        ...good,
        secretSet,
        autoScaling: { minAgents: 1, maxAgents: 1 },
        maxSessionDuration: capMs / 1000,
        ...(agent === quietAgent ? { reuse: { policy: 'fresh' } } : {}),
      });
      await caller.limit(agent, lastLimits.minAgents, lastLimits.maxAgents);
      const absent = world.containers ? absentImage : undefined;
      shops.push({ caller, agent, good, broken, absent, secretSet, newSecret });
    }
  }
  for (const { caller, agent } of shops) {
    const { client, name } = caller.tenant;
    await until(`${name}/${agent} serves`, async () => (await client.getService(name, agent)).ready, 60_000);
  }

  return {
    shops,
    watcher,
    capMs,

    /** Resolves when the signal has aborted and the last of them is done. */
    async trade(signal: AbortSignal, lastsUntil: number): Promise<void> {
      await Promise.all(
        shops
          .filter(({ agent }) => agent !== quietAgent)
          .flatMap((shop) => {
            const stream = random.stream(`${shop.caller.tenant.name}/${shop.agent}`);
            const people = Array.from({ length: customersPerAgent }, (_, index) =>
              customer(
                { caller: shop.caller, agent: shop.agent, capMs, contained: world.containers !== undefined },
                { random: stream.stream(`customer ${index}`), watcher, signal, counted, lastsUntil },
              ),
            );
            return [...people, operator(shop, stream.stream('operator'), signal, counted)];
          }),
      );
    },

    /**
     * Takes the idle instance of each agent that nobody else uses, for as long as `work` takes: its pool has to make another. Resolves to
     * how many were taken.
     */
    withTaken(work: () => Promise<void>, stopped: AbortSignal): Promise<number> {
      const quiet = shops.filter(({ agent }) => agent === quietAgent);
      return whileTaken(quiet, work, { capMs, watcher, counted, stopped });
    },

    /** Brings every agent to a state in which it is known what its pool should hold, and ends what is left of sessions. */
    async settle(stopped: AbortSignal): Promise<void> {
      for (const shop of shops) await tidy(shop, lastLimits, stopped);
      await until(
        'no session is left',
        async () => {
          let open = 0;
          for (const { caller, agent } of shops) {
            const { client, name } = caller.tenant;
            const { sessions } = await client.listSessions(name, agent, { status: 'active' });
            open += sessions.length;
            // Of those whose start was never answered nobody else knows.
            for (const { sessionId } of sessions) await caller.stop(agent, sessionId);
          }
          if (open > 0) await pause(500);
          return open === 0;
        },
        60_000,
        stopped,
      );
    },

    async removeAgents(stopped: AbortSignal): Promise<void> {
      for (const { caller, agent } of shops) {
        const { client, name } = caller.tenant;
        const isDeleted = async () => {
          const status = await caller.statusOf(client.deleteService(name, agent));
          return status === 200 || status === 404;
        };
        await until(`${name}/${agent} is deleted`, isDeleted, 60_000, stopped);
      }
    },

    async close(): Promise<void> {
      closing.abort();
      await watcher.close();
    },
  };
}
