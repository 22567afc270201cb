import { AppError, unavailable } from '../errors.js';
import type { Claim, ReleasedSlot } from '../slots/slot-repository.js';
import { CommandRefused, WorkerUnreachable } from '../workers/command-errors.js';
import { EngineAway } from './await-ready.js';

/** The start failed before its instance was told of it. */
export class NothingSent extends Error {
  constructor(cause: unknown) {
    super('Nothing was sent to the instance', { cause });
  }
}

/** Another control plane has the lease, and has ended the session before it was known here that an instance had accepted it. */
export class GivenUpElsewhere extends AppError {
  constructor(agentName: string) {
    const text = `Another control plane has taken over and has given up this start of agent '${agentName}'. Try again`;
    super(503, '503', text, { headers: { 'retry-after': '1' } });
  }
}

/** What becomes of a slot whose instance was told nothing, or has refused. */
export function leftAs({ warm }: Claim, error: unknown): ReleasedSlot {
  if (error instanceof NothingSent || error instanceof EngineAway) return warm ? 'ready' : 'starting';
  // It has had a session that the database, from a backup, knows nothing of: that one goes on, as it does where no caller came.
  if (error instanceof CommandRefused && error.refusal === 'stale_epoch') return 'quarantined';
  return 'retiring';
}

/** What its caller is told. */
export function toAppError(name: string, error: unknown): unknown {
  if (error instanceof NothingSent) return toAppError(name, error.cause);
  if (error instanceof CommandRefused)
    return unavailable(`Agent '${name}' did not accept the session: ${error.message}. Try again`, error);
  if (error instanceof WorkerUnreachable)
    return unavailable(`The worker that runs agent '${name}' cannot be reached. Try again`, error);
  return error;
}
