import type { Logger } from 'pino';
import type { ImageBuilder } from '../../builds/images/image-builder.js';
import type { Engine } from '../../engine/engine.js';

/** Folder of the driver within the worker's, with one folder for each instance that is in the engine. */
export const containerOutputFolder = 'container-output';

export interface DockerDriverOptions {
  engine: Engine;
  /** The worker's folder; the driver uses `container-output/` in it. One driver at a time. */
  directory: string;
  /** What is made is labelled with it, and nothing without that label is touched: installations may share an engine. */
  installationId: string;
  log: Logger;
  /** Makes the images of builds; without it builds are refused. Closed with the driver. */
  builder?: Pick<ImageBuilder, 'build' | 'imageOf' | 'forget' | 'kept' | 'close'>;
  /** The worker's own environment, of which instances get the names in `passEnvironment` only. */
  environment: Record<string, string | undefined>;
  passEnvironment?: readonly string[];
  /** What instances that reach this machine at an address get as `ICE_CONFIG_URL`; by default one that refuses at once. */
  iceConfigUrl?: (host: string, when: { isToCome: boolean }) => Promise<string>;
  /**
   * How the worker reaches an instance: at its address on the network, or at a port of 127.0.0.1. By default the former where
   * the engine's networks are those of this machine.
   */
  reach?: 'network' | 'published';
  limits?: Partial<Limits>;
  /** The operator has seen to it that networks are kept apart where the engine does not. */
  networksApart?: boolean;
}

/** What the spec of an instance says nothing of. */
export interface Limits {
  /** Processes and threads of one instance. */
  pids: number;
  /** Open files and sockets of one process. */
  openFiles: number;
  /** What an instance may write to its own disk, in bytes. */
  diskBytes: number;
  /** How often that is measured where the engine's storage knows no quotas, in milliseconds. */
  diskLookMs: number;
  /** What the engine keeps of an instance's output until the worker has read it, in bytes. */
  engineLogBytes: number;
  /** What the worker keeps of an instance's output, in bytes. */
  outputBytes: number;
  /** An engine that sends nothing of an instance's output for so long is asked whether it has more, in milliseconds. */
  outputQuietMs: number;
  /** How long a network without instances is kept, in milliseconds. */
  idleNetworkMs: number;
  /** A pull without any progress is given up after this long. */
  pullStallMs: number;
  /** An image that was pulled here stays for so long without an instance, in milliseconds; undefined: for good. */
  unusedImageMs: number | undefined;
}

export const defaultLimits: Limits = {
  pids: 1024,
  openFiles: 8192,
  diskBytes: 10 * 1024 ** 3,
  diskLookMs: 5_000,
  engineLogBytes: 16 * 1024 ** 2,
  outputBytes: 64 * 1024 ** 2,
  outputQuietMs: 3_000,
  idleNetworkMs: 10 * 60_000,
  pullStallMs: 120_000,
  unusedImageMs: 24 * 60 * 60_000,
};
