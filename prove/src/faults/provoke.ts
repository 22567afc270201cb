import type { Failpoint } from '@pipecat-cloud/contract/failpoint';
import type { Market } from '../load/market.js';
import type { Shopkeeper } from '../load/operators.js';
import { pause } from '../world/wait.js';

/** Does what leads to a failpoint, again and again, until the signal aborts. */
export async function provoke(
  name: Failpoint,
  { caller, agent, good }: Shopkeeper,
  market: Market,
  signal: AbortSignal,
): Promise<void> {
  const { client, name: organization } = caller.tenant;
  const [subject] = name.split('.');
  while (!signal.aborted) {
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
