import { isEngineAway } from '../../engine/engine-error.js';
import type { DriverInstance } from '../driver.js';
import type { Containers } from './containers.js';

interface AddressesDeps {
  containers: Pick<Containers, 'inspect' | 'start'>;
  nameOf: (instanceId: string) => string;
}

/** What it knows of a container it says at once, unless it is away. */
const answerMs = 2_000;

/** Who has an address: the engine gives that of a container which has ended to one that starts, however soon. */
export function createAddresses({ containers, nameOf }: AddressesDeps) {
  /** Grows with each container that the engine was asked to start, before and after. */
  let starts = 0;
  /** That of before a look that saw the instance run. */
  const seen = new Map<string, number>();

  return {
    async start(container: string): Promise<void> {
      starts++;
      try {
        await containers.start(container);
      } finally {
        starts++;
      }
    },

    /** The instances that a look finds. */
    async looked(look: () => Promise<DriverInstance[]>): Promise<DriverInstance[]> {
      const before = starts;
      const found = await look();
      seen.clear();
      for (const { instanceId, state } of found) if (state === 'running') seen.set(instanceId, before);
      return found;
    },

    /** As `Driver` says. No container of an instance is ever started again, so one that runs has done so all the while. */
    async runs(instanceId: string): Promise<boolean> {
      const before = starts;
      try {
        const found = await containers.inspect(nameOf(instanceId), { deadlineMs: answerMs });
        if (found?.State.Running !== true) return false;
        seen.set(instanceId, before);
        return true;
      } catch (error) {
        if (!isEngineAway(error)) throw error;
        return seen.get(instanceId) === starts;
      }
    },
  };
}
