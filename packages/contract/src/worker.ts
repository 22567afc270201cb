import { type Static, Type } from 'typebox';
import type { LogLevel } from './log-levels.js';
import { hopHeader, type InstanceState, workerFrameLimit, workerProtocolVersion } from './worker-protocol.js';

/**
 * What control plane and worker say to each other. The worker dials `GET /v1/workers/channel` (WebSocket, its credential as
 * bearer) and every frame is one JSON text message: `ControlMessage` downwards, `WorkerMessage` upwards.
 *
 * Commands are idempotent and are repeated after a break until the worker's state shows that they took effect. Reports are
 * numbered by the worker, kept by it until acknowledged, and sent again after a break; the control plane applies each at least
 * once and every application is guarded, so that a doubled report changes nothing.
 */
export { hopHeader, workerFrameLimit, workerProtocolVersion };

export const EnrolBody = Type.Object(
  { token: Type.String({ maxLength: 255 }), name: Type.String({ minLength: 1, maxLength: 100 }) },
  { additionalProperties: false },
);
export type EnrolBody = Static<typeof EnrolBody>;
/** The credential is shown this once; the worker keeps it in a file of mode 600. */
export const Enrolled = Type.Object({ workerId: Type.String(), credential: Type.String() });
export type Enrolled = Static<typeof Enrolled>;

/** Where an instance's files come from. */
export type InstanceSource =
  | { type: 'build'; buildId: string; contextSha256: string; dockerfilePath: string }
  /** `digest`, once known, is what to run, whatever the image's tag is by now. */
  | { type: 'image'; image: string; digest?: string };

/** The registry that they are for, and the base64 of user:password. */
export interface RegistryCredentials {
  host: string;
  credentials: string;
}

/** Everything a driver needs to make one instance. `environment` holds secret values: in memory only, never written by the worker. */
export interface InstanceSpec {
  instanceId: string;
  organizationId: string;
  agentId: string;
  agentName: string;
  deploymentId: string;
  source: InstanceSource;
  cpuMillicores: number;
  memoryMib: number;
  environment: Record<string, string>;
  /** Another one whenever a value of `environment` was changed; tells nothing of the values. Absent where there are none. */
  secretsVersion?: string;
  /** A secret set whose values lie on the worker's own machine, to be added to the environment. */
  referencedSecretSet?: string;
  /** What its image is pulled with. In memory only, like the environment. */
  registry?: RegistryCredentials;
  /** From `ensure` to the first answer of its port; later it has failed. */
  startTimeoutSeconds: number;
}

export interface Activation {
  instanceId: string;
  /** Must be greater than every epoch this instance has seen. */
  epoch: number;
  sessionId: string;
  /** `bot`: the worker posts to `/bot` and holds the request. `socket`: a relayed `/ws` follows within `connectTimeoutSeconds`. */
  entry: 'bot' | 'socket';
  /** The transport the caller asked for, sent as `x-daily-transport-type`. */
  transport?: string;
  room?: { url: string; token: string };
  /** The JSON object for `/bot`; ignored for sockets. */
  body: unknown;
  maxSessionSeconds: number;
  connectTimeoutSeconds: number;
  /** For how long the instance may be used after this session. Absent: without limit. */
  reuse?: { maxSessions?: number; maxMemoryBytes?: number };
}

export interface BuildOrder {
  buildId: string;
  organizationId: string;
  contextSha256: string;
  dockerfilePath: string;
  timeoutSeconds: number;
  /** Values that its steps may read, by name: in memory only, never written by the worker. */
  secrets?: Record<string, string>;
  /** A secret set whose values lie on the worker's own machine, to be added to them. */
  referencedSecretSet?: string;
  /** What its base images are pulled with. In memory only, like the values. */
  registry?: RegistryCredentials;
}

export type Command =
  | { do: 'ensure'; spec: InstanceSpec }
  /** Ends the instance and forgets it. An instance that holds a session is removed only with `evenIfBusy`. */
  | { do: 'remove'; instanceId: string; graceSeconds: number; evenIfBusy?: boolean }
  /** Answered once the instance has accepted the session, or refused with `stale_epoch`, `busy`, `used_up` or `not_ready`. */
  | { do: 'activate'; activation: Activation }
  /** Ends the session and its instance. Answered at once; the end comes as a report. */
  | { do: 'stop'; instanceId: string; sessionId: string; epoch: number }
  /** Nobody will open the socket of this session: it ends at once as `connect_timeout`, and its instance is free. Answered at once. */
  | { do: 'abandon'; instanceId: string; sessionId: string; epoch: number }
  /** Answered once the build is queued or known; lines and result come as reports. */
  | { do: 'build'; order: BuildOrder }
  /** Answered when the worker's machine has such a set, refused with what is wrong when it has not. */
  | { do: 'check-secret-set'; name: string }
  /** Breaks the build off if it is under way, and removes all that is left of it. Refused while an instance uses it. */
  | { do: 'forget-build'; buildId: string }
  /** Removes an image that the worker pulled. Refused while something uses it. */
  | { do: 'forget-image'; image: PulledImage };

/** An image as a registry calls it: its name without a tag, and `sha256:…`. */
export interface PulledImage {
  name: string;
  digest: string;
}

export type CommandRefusal =
  | 'stale_epoch'
  | 'busy'
  | 'used_up'
  | 'not_ready'
  | 'unknown_instance'
  | 'unsupported'
  | 'failed';

export type ControlMessage =
  | {
      type: 'welcome';
      version: number;
      workerId: string;
      /** Identifies this installation; drivers label what they make with it. */
      installationId: string;
      /** Ed25519 public key (SPKI, base64) that signs `HopClaims`. */
      hopPublicKey: string;
    }
  | { type: 'command'; id: string; command: Command }
  | { type: 'acknowledge'; numbers: number[] };

export interface ObservedInstance {
  instanceId: string;
  state: InstanceState;
  /** Highest epoch accepted, 0 before the first. */
  epoch: number;
  sessionId?: string;
  /** `sha256:…` that the name of its image was resolved to; absent for builds and where the driver knows no images. */
  imageDigest?: string;
  /** From `ensure` to ready, once known. */
  startedMs?: number;
  /** It has had its last session, and refuses another; why. */
  usedUp?: UsedUp;
  /** While `preparing`: why it can't be made at this moment, such as an engine that does not answer. It is tried again until it is made or removed. */
  delayed?: string;
  /** Why it exited or failed: a platform code of contract §2.1 and a sentence. */
  error?: { code: string; message: string };
}

/** `sessions`: as many as it may have · `memory`: it holds too much after one · `quarantined`: a bot was not known to have finished. */
export type UsedUp = 'sessions' | 'memory' | 'quarantined';

export type SessionEndReason =
  | 'completed'
  | 'bot_failed'
  | 'socket_closed'
  | 'connect_timeout'
  | 'instance_exited'
  | 'stopped'
  | 'duration_exceeded';

export interface WorkerLogLine {
  /** Byte offset of the line's end in its source; grows, so a repeated line can be told. */
  position: number;
  /** ISO 8601 with milliseconds. */
  time: string;
  text: string;
  sessionId?: string;
  /** Absent from a worker that does not tell levels. */
  level?: LogLevel;
  /** Where the driver keeps the two apart. */
  stream?: 'stdout' | 'stderr';
}

export interface UsageSample {
  /** Unix seconds. */
  t: number;
  /** CPU in millicores over the interval. */
  c: number;
  /** Resident memory in bytes. */
  m: number;
}

export type Report =
  | {
      type: 'session-ended';
      sessionId: string;
      instanceId: string;
      epoch: number;
      reason: SessionEndReason;
      /** Status that `/bot` answered with, where one was received. */
      status?: number;
      /** Of `instance_exited`: how the instance ended, as a sentence without secrets. */
      detail?: string;
      /** The bot is not known to have finished: the instance is never to be offered again. */
      unfinished?: true;
      at: string;
    }
  | {
      type: 'logs';
      organizationId: string;
      agentId: string;
      deploymentId: string;
      instanceId: string;
      lines: WorkerLogLine[];
    }
  /**
   * Credentials of this platform that were taken out of lines, so that the control plane can look whether they live. They come by
   * value, over the link that carries secret sets the other way; the report is never written down, and may be lost.
   */
  | {
      type: 'credentials-seen';
      source:
        | { kind: 'agent'; organizationId: string; agentId: string; deploymentId: string }
        | { kind: 'build'; buildId: string };
      credentials: { value: string; count: number }[];
    }
  | { type: 'usage'; sessionId: string; samples: UsageSample[] }
  /** Somebody has reached the agent in this session: its socket is open. Told once; may be lost. */
  | { type: 'session-connected'; sessionId: string; at: string }
  | { type: 'build-started'; buildId: string; at: string }
  | { type: 'build-logs'; buildId: string; lines: WorkerLogLine[] }
  | {
      type: 'build-finished';
      buildId: string;
      outcome: 'success' | 'failed' | 'timeout';
      message?: string;
      /** Of a success that made an image. */
      imageSizeBytes?: number;
      at: string;
    };

export interface WorkerStatus {
  /** Release of the worker. */
  version: string;
  node: string;
  hostname: string;
  /** Cores and memory of its machine. */
  cpuCount: number;
  memoryBytes: number;
  memoryFreeBytes: number;
  /** The fuller one of the disks that its folder and the engine's images lie on; `diskFolder` is which. */
  diskFolder?: string;
  diskBytes?: number;
  diskFreeBytes?: number;
  /** What runs the containers, where something does: name, version and the version of its API. */
  engine?: {
    name: string;
    version: string;
    apiVersion?: string;
    /** Instances of different organizations may reach one another, unless the operator sees to it. */
    networksMixed?: true;
  };
  /** Why the engine does not answer at present. */
  engineError?: string;
  /** Log lines that were left out since it started, because an instance wrote too many. */
  logLinesLeftOut: number;
}

export type WorkerMessage =
  | {
      type: 'hello';
      version: number;
      /** Kind of its driver: `process`, `docker`, `kubernetes`. */
      driver: string;
      /** Base URL of the data port as the control plane reaches it, no trailing slash. */
      dataUrl: string;
      /** Of its machine, in the words of container images; absent where it says nothing of it. */
      architecture?: string;
    }
  /** The whole state: sent after `hello`, after every change and every few seconds. Builds under way are named too. */
  | { type: 'observed'; instances: ObservedInstance[]; builds: string[] }
  /** Every build that the worker holds something of, under way or not: sent after `hello` and after a change, so that what nobody needs is forgotten. */
  | { type: 'kept-builds'; builds: string[] }
  /** Images that the worker pulled and that nothing on it has used for long: sent after `hello` and every hour, so that what nobody needs is forgotten. */
  | { type: 'unused-images'; images: PulledImage[] }
  /** What the worker's machine has and is: sent after `hello` and every half minute. */
  | { type: 'status'; status: WorkerStatus }
  /** An instance waits for a build that is not here (any more): to be ordered, if it was made before. */
  | { type: 'build-missing'; buildId: string }
  | { type: 'answer'; id: string; ok: true }
  | { type: 'answer'; id: string; ok: false; refusal: CommandRefusal; message: string }
  | { type: 'report'; number: number; report: Report };

/**
 * What a hop to the data port proves: `hopHeader: base64url(JSON of HopClaims) + "." + base64url(Ed25519 signature of the first part)`.
 * The worker refuses a hop for a session that the instance does not hold. Path at the data port: `/instances/{instanceId}/{rest}`.
 */
export interface HopClaims {
  instanceId: string;
  sessionId: string;
  epoch: number;
  /** Unix seconds. */
  expires: number;
}
