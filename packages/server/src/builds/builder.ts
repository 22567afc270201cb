import type { BuildOrder } from '@pipecat-cloud/contract/worker';

/** Where a build belongs: the workers of other regions have no business with it. */
export interface BuildPlace {
  organizationId: string;
  region: string;
}

/**
 * Who makes builds: the workers, behind their channel. `build` hands one order to a connected worker of its region and resolves once that
 * worker has it queued or already knows it; lines and the result come later, as reports. It may be repeated with the same order
 * at any time. Throws when no worker is connected or the order did not arrive; the order is then given again later.
 */
export interface BuildWorkers {
  build(order: BuildOrder, place: BuildPlace): Promise<void>;
}
