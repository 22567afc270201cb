import { EngineTimeout, isEngineAway } from '../../engine/engine-error.js';
import { DriverError, DriverUnavailable } from '../driver.js';

/** What the engine said, as a reason that the team that deploys is shown. An engine that says nothing is tried again. */
export function refusalOf(error: unknown): unknown {
  if (error instanceof DriverError || (error as Error).name === 'AbortError') return error;
  if (isEngineAway(error)) return new DriverUnavailable(away(error), { cause: error });
  if ((error as Error).name === 'EngineError') {
    return new DriverError('PCC_UNKNOWN_ERROR', (error as Error).message, { cause: error });
  }
  if ((error as NodeJS.ErrnoException).code === 'ENOSPC') {
    return new DriverError('PCC_UNKNOWN_ERROR', "The disk of the worker's machine is full", { cause: error });
  }
  return error;
}

/** Where it lies is the operator's to know, and in the worker's log. */
function away(error: unknown): string {
  const what = error instanceof EngineTimeout ? 'did not answer in time' : "can't be reached";
  return `The container engine of the worker ${what}; the worker's log says more`;
}

export function noBuilder(): DriverError {
  return new DriverError(
    'PCC_UNKNOWN_ERROR',
    'This worker can not build images. Build the image elsewhere, push it, and deploy it by its name',
  );
}
