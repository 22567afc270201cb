import type { InstanceSpec, PulledImage, WorkerStatus } from '@pipecat-cloud/contract/worker';
import type { Builder } from './builder.js';

/** What a driver sees of one instance; the worker adds readiness, epochs and sessions to it. */
export interface DriverInstance {
  instanceId: string;
  /** `running` says nothing of readiness: the process is there. */
  state: 'preparing' | 'running' | 'exited' | 'failed';
  /** Base URL of its port, no trailing slash; present while running. */
  address?: string;
  /** Process ids or cgroup members are the driver's own; this is only for people. */
  exit?: {
    code: number | null;
    signal: string | null;
    at: string;
    /** Where code and signal don't tell it: why it ended, as the end of a sentence ("because it ran out of memory"). */
    reason?: string;
    /** What the engine says of it where there is no such reason; it may hold anything, also a secret of the instance. */
    engineWords?: string;
  };
  /** Why it failed or exited, with a platform code (contract §2.1). */
  error?: { code: string; message: string };
  /** What `ensure` was given, less the environment: survives a restart of the worker. */
  labels: InstanceLabels;
  /** `sha256:…` that the name of its image was resolved to; absent for builds and where the driver knows no images. */
  imageDigest?: string;
}

export type InstanceLabels = Pick<
  InstanceSpec,
  'instanceId' | 'organizationId' | 'agentId' | 'agentName' | 'deploymentId'
>;

export interface DriverLogLine {
  /** Offset of the line's end in the instance's output; grows. Reading from it continues with the next line. */
  position: number;
  /** When it was written, or read where the source keeps no time. */
  time: Date;
  text: string;
  /** Where the source keeps the two apart. */
  stream?: 'stdout' | 'stderr';
  /** The line was too long and goes on with the next one. */
  goesOn?: true;
}

/** What runs the instances, where that is a program of its own. */
export type DriverEngine = NonNullable<WorkerStatus['engine']>;

export interface DriverUsage {
  /** Total CPU time so far, in milliseconds, of every process of the instance. */
  cpuMs: number;
  memoryBytes: number;
}

/** Runs instances somewhere. Every method may be repeated safely: the worker calls them until the world matches. */
export interface Driver extends Builder {
  readonly kind: string;
  /** Throws, with the way out, when this driver can't work here. */
  check(): Promise<void>;
  /** Name and version of the engine behind it, asked anew; throws when it does not answer. Absent where there is none. */
  engine?(): Promise<DriverEngine>;
  /** Folder of this machine that the engine keeps images and containers in; undefined where it is not known. */
  engineFolder?(): string | undefined;
  /** Images that it pulled itself and that nothing has used for as long as they are to be kept. Absent where there are none. */
  unusedImages?(): Promise<PulledImage[]>;
  /** Removes one of them. Throws `DriverError`, and removes nothing, while something uses it. */
  forgetImage?(image: PulledImage): Promise<void>;
  /**
   * Makes the instance, or leaves the one of that id alone. Resolves once its process runs; else throws `DriverError`, leaving none, or
   * `DriverUnavailable` when it may be tried again. It gives up by itself what makes no progress, such as a pull, or tries that never end
   * otherwise though what runs the instances is there.
   */
  ensure(spec: InstanceSpec, signal: AbortSignal): Promise<void>;
  /**
   * Ends every process of the instance: politely, after `graceSeconds` by force. Resolves once nothing of it runs; then it is
   * forgotten. While one call waits, another may shorten the grace.
   */
  remove(instanceId: string, options: { graceSeconds: number }): Promise<void>;
  /** Ends the processes but keeps the instance in `list()` as exited, with its output. Resolves once nothing runs. */
  kill(instanceId: string, options: { graceSeconds: number }): Promise<void>;
  /** Exactly the instances that this driver made for this installation, also those from before a restart of the worker. */
  list(): Promise<DriverInstance[]>;
  /**
   * Whether the instance has run all the while since `list` gave its address, so that nobody else can have had that. Also true where what
   * runs the instances is away and has given no address to anybody since. Undefined where the address of one that has ended stays its
   * own: said by each driver, since sessions would share instances where one that has to forgets to.
   */
  readonly runs: ((instanceId: string) => Promise<boolean>) | undefined;
  /** Calls back within a second of an exit; exits while the worker was away are found by `list`. */
  onExit(listener: (instanceId: string) => void): void;
  /** Present end of the instance's output: lines written later have a greater position. */
  logEnd(instanceId: string): Promise<number>;
  /** Whole lines after `position`, then those to come, until the signal aborts or the instance has exited and all is read. */
  logs(instanceId: string, position: number, signal: AbortSignal): AsyncIterable<DriverLogLine>;
  /** Replaces bytes of the output in place: `mask` gets those of the range and gives as many, or undefined to leave them. */
  maskOutput(
    instanceId: string,
    range: { from: number; to: number },
    mask: (bytes: Buffer) => Buffer | undefined,
  ): Promise<void>;
  /**
   * What a running instance has in its environment beyond what the platform put there: the secrets of its start, which may be
   * older than those of now. Empty where the system does not tell.
   */
  secrets(instanceId: string): Promise<Record<string, string>>;
  usage(instanceId: string): Promise<DriverUsage | undefined>;
  /** Lets go of watchers. Instances go on. */
  close(): Promise<void>;
}

/** What runs the instances is away at this moment, and may be back at the next: the instance itself is not to blame. */
export class DriverUnavailable extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'DriverUnavailable';
  }
}

/** An instance or build that can't be made, with a platform code and a sentence for the team that deploys. */
export class DriverError extends Error {
  readonly code: string;
  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'DriverError';
    this.code = code;
  }
}
