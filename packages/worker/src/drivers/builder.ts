import type { BuildOrder } from '@pipecat-cloud/contract/worker';

/** Opens the gzip'd tar of a build's context; the caller has not checked it. */
export type ContextSource = (signal: AbortSignal) => Promise<NodeJS.ReadableStream>;

export interface BuildResult {
  /** Absent where a build is no image. */
  imageSizeBytes?: number;
}

/** Makes of an uploaded context what a driver starts instances from. Every method may be repeated safely. */
export interface Builder {
  /**
   * Makes a build ready to run, once: one that is complete is left as it is, a half-done one is made again. Lines go to `onLine` as they
   * come. Throws `DriverError` when it fails, the signal's own reason when aborted, a `TimeoutError` after the order's `timeoutSeconds`;
   * then nothing of it runs any more.
   */
  build(
    order: BuildOrder,
    context: ContextSource,
    onLine: (text: string) => void,
    signal: AbortSignal,
  ): Promise<BuildResult>;
  /** Removes all that a build left. Throws `DriverError`, and removes nothing, while an instance uses it. */
  forgetBuild(buildId: string): Promise<void>;
  /** Builds that take up space here, also those from before a restart. */
  keptBuilds(): Promise<string[]>;
}
