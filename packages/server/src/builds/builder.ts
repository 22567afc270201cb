import type { BuildOrder } from '@pipecat-cloud/contract/worker';

/** Where a build belongs: the workers of other regions have no business with it. */
export interface BuildPlace {
  organizationId: string;
  region: string;
}

/** Who makes builds: the workers, behind their channel. */
export interface BuildWorkers {
  /** A connected worker of the region, if there is one. */
  pick(place: BuildPlace): Promise<string | undefined>;
  isConnected(workerId: string): boolean;
  /**
   * Hands an order to a worker and resolves once that has it queued or knows it already; lines and the result come later, as reports. May
   * be repeated with the same order at any time. Throws when the order did not arrive.
   */
  build(workerId: string, order: BuildOrder): Promise<void>;
  /** Breaks a build off and removes what is left of it. Throws when the worker refuses or does not answer. */
  forget(workerId: string, buildId: string): Promise<void>;
}
