import { EngineTimeout, isEngineAway } from '../../engine/engine-error.js';
import { DriverError, DriverUnavailable } from '../driver.js';

/** So often in a row the engine is asked for one instance in vain while it answers otherwise; once or twice a restart may look like that. */
const timesInVain = 3;

/**
 * Why an instance can't be made. One that the engine does not answer for is to be tried again for as long as the engine is away. An engine
 * that answers all the same has something against this very instance, which is told once that has been so a few times in a row.
 */
export function createRefusals({ isAnswering }: { isAnswering: () => Promise<boolean> }) {
  const inVain = new Map<string, number>();

  return {
    async of(instanceId: string, error: unknown): Promise<unknown> {
      const refusal = refusalOf(error);
      const times = (inVain.get(instanceId) ?? 0) + 1;
      inVain.delete(instanceId);
      if (!(refusal instanceof DriverUnavailable) || !(await isAnswering())) return refusal;
      if (times >= timesInVain) return new DriverError('PCC_UNKNOWN_ERROR', thoughItAnswers(error), { cause: error });
      inVain.set(instanceId, times);
      return refusal;
    },
    /** It was made, or is not wanted any more. */
    forget: (instanceId: string): boolean => inVain.delete(instanceId),
  };
}

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

function thoughItAnswers(error: unknown): string {
  const what = error instanceof EngineTimeout ? 'did not answer in time' : 'broke off';
  return `The container engine of the worker ${what} ${timesInVain} times when the instance was to be made, while it answers otherwise; the worker's log says more`;
}

export function noBuilder(): DriverError {
  return new DriverError(
    'PCC_UNKNOWN_ERROR',
    'This worker can not build images. Build the image elsewhere, push it, and deploy it by its name',
  );
}
