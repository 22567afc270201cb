import { ApiError, NetworkError } from '@pipecat-cloud/contract/client';

/** A server that restarts in between costs a few polls, not the command. */
const toleratedFailures = 5;

/** Runs one poll; failures that may pass are swallowed until there are too many in a row. */
export function createPatience(tolerated = toleratedFailures) {
  let failures = 0;
  return async <T>(poll: () => Promise<T>): Promise<T | undefined> => {
    try {
      const found = await poll();
      failures = 0;
      return found;
    } catch (error) {
      const passing = error instanceof NetworkError || (error instanceof ApiError && error.status >= 500);
      if (!passing || ++failures > tolerated) throw error;
      return undefined;
    }
  };
}
