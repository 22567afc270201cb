import type { BuildOrder } from '@pipecat-cloud/contract/worker';

/**
 * Who makes builds: the workers, behind their channel. `build` hands one order to a connected worker and resolves once that
 * worker has it queued or already knows it; lines and the result come later, as reports. It may be repeated with the same order
 * at any time. Throws when no worker is connected or the order did not arrive; the order is then given again later.
 */
export interface BuildWorkers {
  build(order: BuildOrder): Promise<void>;
}
