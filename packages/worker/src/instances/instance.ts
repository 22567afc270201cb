import type { platformCodes } from '@pipecat-cloud/contract/errors';
import type { ObservedInstance } from '@pipecat-cloud/contract/worker';
import type { Redactor } from '../logs/redactor.js';
import type { InstanceRecord } from './record.js';
import type { Tenancy } from './tenancy.js';

/** Contract §2.1. Spelled out because the module of the codes loads a schema library, 20 MB at rest. */
export const unknownError: typeof platformCodes.unknown = 'PCC_UNKNOWN_ERROR';

/** One instance as the worker knows it. Its parts change it; `observe` is what the control plane sees. */
export interface Instance {
  readonly id: string;
  readonly record: InstanceRecord;
  /** Its life apart from sessions. */
  life: 'preparing' | 'starting' | 'ready' | 'exited' | 'failed';
  address: string | undefined;
  /** Whether something answers there, though it may say that it is not ready. */
  answers: boolean;
  /** What the name of its image was resolved to, where the driver knows images. */
  imageDigest: string | undefined;
  /** Why it can't be made at this moment, while that is tried again. */
  delayed: string | undefined;
  /** Why it exited or failed. */
  error: { code: string; message: string } | undefined;
  /** Those of its record, once it has ended: decided when it is known whether a session ended with it. */
  lastWords: Promise<InstanceRecord['lastWords']> | undefined;
  /** The reason of an exit is being looked up; until then nothing new is said of it. */
  explaining: boolean;
  /** When `ensure` came, in milliseconds of the monotonic clock; unknown for an adopted instance. */
  ensuredAt: number | undefined;
  /** Knows the secret values to keep out of logs; unknown for an adopted instance until `ensure` is repeated. */
  redactor: Redactor | undefined;
  /** Secrets that an adopted instance was started with, as far as the driver could tell. */
  startedWith: Readonly<Record<string, string>>;
  /** An activation that is not decided yet. */
  activating: Activating | undefined;
  /** The session it holds, or whose bot may still run. */
  tenancy: Tenancy | undefined;
  removing: boolean;
}

export interface Activating {
  sessionId: string;
  epoch: number;
  done: Promise<void>;
}

/** An instance without a session; adopting adds the one of its record. */
export function createInstance(record: InstanceRecord, life: Instance['life']): Instance {
  return {
    id: record.labels.instanceId,
    record,
    life,
    address: undefined,
    answers: false,
    imageDigest: undefined,
    delayed: undefined,
    error: record.failure,
    lastWords: undefined,
    explaining: false,
    ensuredAt: undefined,
    redactor: undefined,
    startedWith: {},
    activating: undefined,
    tenancy: undefined,
    removing: false,
  };
}

/** Nothing of it runs, or will run, any more. */
export function isGone({ life }: Instance): boolean {
  return life === 'exited' || life === 'failed';
}

/** What the control plane is told. An idle instance that has stopped answering its probe is `starting` again: not offered. */
export function observe(instance: Instance): ObservedInstance {
  const { id, record, delayed, error, tenancy, activating, imageDigest } = instance;
  const session = tenancy ? tenancy.sessionId : activating?.sessionId;
  return {
    instanceId: id,
    state: stateOf(instance),
    epoch: record.epoch,
    ...(session === undefined ? {} : { sessionId: session }),
    ...(imageDigest === undefined ? {} : { imageDigest }),
    ...(record.startedMs === undefined ? {} : { startedMs: record.startedMs }),
    ...(record.usedUp ? { usedUp: record.usedUp } : {}),
    ...(delayed === undefined ? {} : { delayed }),
    ...(error && !instance.explaining ? { error } : {}),
  };
}

function stateOf(instance: Instance): ObservedInstance['state'] {
  if (instance.explaining) return 'starting';
  if (isGone(instance)) return instance.life;
  if (instance.tenancy) return instance.tenancy.state;
  return instance.activating ? 'busy' : instance.life;
}
