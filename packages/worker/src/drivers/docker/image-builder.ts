import type { BuildOrder } from '@pipecat-cloud/contract/worker';
import type { ContextSource } from '../builder.js';

/** Makes images out of build contexts, in the same engine that runs the instances. The driver's builds are these. */
export interface ImageBuilder {
  /**
   * Makes the image of a build. Idempotent; lines go to `onLine` as they come. Throws `DriverError` when it fails, the signal's own
   * reason when aborted, a `TimeoutError` after the order's `timeoutSeconds`; then nothing of it runs any more.
   */
  build(order: BuildOrder, context: ContextSource, onLine: (text: string) => void, signal: AbortSignal): Promise<void>;
  /** Id of the image that a build made (`sha256:…`), undefined when there is none. */
  imageOf(buildId: string): Promise<string | undefined>;
  /** Removes the image of a build, unless an instance uses it: then the engine refuses, and it is removed another time. Idempotent. */
  forget(buildId: string): Promise<void>;
}
