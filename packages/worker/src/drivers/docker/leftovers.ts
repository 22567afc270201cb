import type { Logger } from 'pino';
import { createOnePass } from '../../one-pass.js';
import type { createKeyedQueue } from '../process/keyed-queue.js';
import type { Containers } from './containers.js';
import { instanceLabels } from './labels.js';
import type { Networks } from './networks.js';
import type { Outputs } from './output/outputs.js';

export interface LeftoversDeps {
  containers: Pick<Containers, 'list' | 'inspect' | 'remove'>;
  networks: Pick<Networks, 'sweep'>;
  outputs: Pick<Outputs, 'forget'>;
  nameOf: (instanceId: string) => string;
  /** Runs what is done to one instance one after the other. */
  inTurn: ReturnType<typeof createKeyedQueue>;
  isBeingMade: (instanceId: string) => boolean;
  log: Logger;
}

/** What is in the engine and stands for nothing: containers of instances that were refused, half made ones, idle networks. */
export function createLeftovers({ containers, networks, outputs, nameOf, inTurn, isBeingMade, log }: LeftoversDeps) {
  /** Containers of instances that were refused, which the engine did not let us remove yet. */
  const condemned = new Set<string>();

  async function discard(instanceId: string): Promise<void> {
    try {
      await containers.remove(nameOf(instanceId));
      await outputs.forget(instanceId);
      condemned.delete(instanceId);
    } catch (err) {
      log.warn({ err, instanceId }, 'what was made of a refused instance can not be removed now; it will be');
    }
  }

  /** Made by a call that the engine carried out after it was given up; to be called in its turn. */
  async function removeUnstarted(id: string): Promise<void> {
    // The list may be old by now: meanwhile it may have been started, and have a session.
    if ((await containers.inspect(id))?.State.Status === 'created') await containers.remove(id);
  }

  async function sweep(): Promise<void> {
    for (const instanceId of [...condemned]) {
      // That may take as long as a pull, and clears it away itself.
      if (isBeingMade(instanceId)) continue;
      await inTurn(instanceId, async () => {
        // It may have been made anew while it waited for its turn.
        if (condemned.has(instanceId)) await discard(instanceId);
      });
    }
    for (const { Id, Labels, State } of await containers.list()) {
      const { instanceId } = instanceLabels(Labels);
      if (State === 'created' && !isBeingMade(instanceId)) await inTurn(instanceId, () => removeUnstarted(Id));
    }
    await networks.sweep();
  }

  return {
    /** The instance was refused: whatever there is of it is not shown any more, and removed by `discard` or a later sweep. */
    condemn: (instanceId: string): unknown => condemned.add(instanceId),
    isCondemned: (instanceId: string): boolean => condemned.has(instanceId),
    /** Nothing of the refused instance is left; it may be made anew. */
    acquit: (instanceId: string): boolean => condemned.delete(instanceId),
    /** Removes what there is of a refused instance; to be called in its turn. */
    discard,
    /** Removes all that can be removed now. One sweep runs at a time. */
    sweep: createOnePass(sweep),
  };
}
