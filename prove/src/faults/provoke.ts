import type { Failpoint } from '@pipecat-cloud/contract/failpoint';
import type { Market } from '../load/market.js';
import type { Random } from '../random.js';
import { pause } from '../world/wait.js';

/** Does what leads to a failpoint, again and again, at one agent or another, until the signal aborts. */
export async function provoke(name: Failpoint, random: Random, market: Market, signal: AbortSignal): Promise<void> {
  const [subject] = name.split('.');
  while (!signal.aborted) {
    const { caller, agent, good } = random.one(market.shops);
    const { client, name: organization } = caller.tenant;
    if (subject === 'rollout' || subject === 'instance') {
      await caller.statusOf(client.updateService(organization, { serviceName: agent, ...good, forceRedeploy: true }));
      await pause(2_000, signal);
      continue;
    }
    const held = await caller.start(agent, { does: 'talk', seconds: subject === 'stop' ? 30 : 0.3 }, market.capMs);
    if (held) market.watcher.watch(caller, agent, held.session);
    if (held && subject === 'stop') await caller.stop(agent, held.session);
    await pause(500, signal);
  }
}
