import { randomBytes } from 'node:crypto';
import type { Random } from '../random.js';
import type { AgentSource } from '../world/agent-context.js';
import { pause, until } from '../world/wait.js';
import type { Caller } from './caller.js';

export interface Shopkeeper {
  caller: Caller;
  agent: string;
  good: AgentSource;
  broken: AgentSource;
  /** Can't be pulled; undefined where agents are no images. */
  absent: AgentSource | undefined;
  secretSet: string;
  /** Keeps every secret value that was ever set. */
  newSecret: (value: string) => void;
}

/** Whoever runs an agent: deploys, scales, changes secrets, at random, while people talk to it. */
export async function operator(
  shop: Shopkeeper,
  random: Random,
  signal: AbortSignal,
  counted: (what: string) => void,
): Promise<void> {
  while (!signal.aborted) {
    await pause(random.between(1_000, 6_000), signal);
    if (signal.aborted) return;
    const task = random.weighted(tasks.filter(({ ofImages }) => !ofImages || shop.absent));
    if (await task.run(shop, random)) counted(task.name);
  }
}

/** False: it was refused, or nobody knows. */
async function deploy({ caller, agent }: Shopkeeper, source: AgentSource): Promise<boolean> {
  const { client, name } = caller.tenant;
  const update = client.updateService(name, { serviceName: agent, ...source, forceRedeploy: true });
  return (await caller.statusOf(update)) === 200;
}

export async function setSecret({
  caller,
  secretSet,
  newSecret,
}: Pick<Shopkeeper, 'caller' | 'secretSet' | 'newSecret'>): Promise<number | undefined> {
  const value = `canary-${randomBytes(20).toString('hex')}`;
  newSecret(value);
  const { client, name } = caller.tenant;
  return await caller.statusOf(client.putSecret(name, secretSet, { secretKey: 'PROVE_SECRET', secretValue: value }));
}

interface Task {
  name: string;
  weight: number;
  /** Of agents that are images alone. */
  ofImages?: true;
  run: (shop: Shopkeeper, random: Random) => Promise<boolean>;
}
const tasks: readonly Task[] = [
  { name: 'deployed', weight: 4, run: (shop) => deploy(shop, shop.good) },
  {
    name: 'scaled',
    weight: 3,
    run: (shop, random) => {
      const most = random.whole(1, 5);
      return shop.caller.limit(shop.agent, random.whole(0, Math.min(2, most)), most);
    },
  },
  { name: 'deployed what does not start', weight: 1, run: (shop) => deploy(shop, shop.broken) },
  {
    name: 'deployed what cannot be pulled',
    weight: 1,
    ofImages: true,
    run: (shop) => deploy(shop, shop.absent ?? shop.broken),
  },
  {
    name: 'changed a secret and deployed',
    weight: 1,
    run: async (shop) => {
      await setSecret(shop);
      return await deploy(shop, shop.good);
    },
  },
];

/** Puts an agent into a state of which it is known what its pool should be. */
export async function tidy(
  shop: Shopkeeper,
  { minAgents, maxAgents }: { minAgents: number; maxAgents: number },
  stopped: AbortSignal,
): Promise<void> {
  const { client, name } = shop.caller.tenant;
  const comes = (what: string, look: () => Promise<boolean>, deadlineMs?: number) =>
    until(`${name}/${shop.agent} ${what}`, look, deadlineMs, stopped);
  await comes('takes its last deployment', () => deploy(shop, shop.good));
  await comes('takes its limits', () => shop.caller.limit(shop.agent, minAgents, maxAgents));
  const isLive = async () => {
    const { activeDeploymentId, desiredDeploymentId } = await client.getService(name, shop.agent);
    return activeDeploymentId !== null && activeDeploymentId === desiredDeploymentId;
  };
  await comes('serves its last deployment', isLive, 45_000);
}
