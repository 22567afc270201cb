import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, type Client } from '@pipecat-cloud/contract/client';
import type { LogEntry } from '@pipecat-cloud/contract/logs';
import { createPatience } from '../../lib/patience.js';
import { type FollowOptions, pollLogs } from './poll-logs.js';

/** A server that restarts takes a while, and whoever follows waits for it. */
const tolerated = 60;
const pauseMs = 1000;
/** Of the server's own; older ones have fewer. */
const largestTail = 10_000;

/**
 * Lines as they arrive, without end; with a session, to its end. A broken connection is taken up where it was. A server that can't be
 * followed is asked again and again instead. `onGap` is called where lines were given up before they were read.
 */
export async function* followLogs(
  api: Client,
  org: string,
  name: string,
  options: FollowOptions,
  onGap: () => void,
): AsyncGenerator<LogEntry[]> {
  const patient = createPatience(tolerated);
  const { filter } = options;
  const limit = Math.min(options.limit, largestTail);
  let after: string | undefined;
  for (let connected = false; ; connected = true) {
    const start = after === undefined ? { tail: limit } : { after };
    const events = api.followLogs(org, name, { ...filter, ...start })[Symbol.asyncIterator]();
    try {
      for (;;) {
        const step = await patient(() => events.next());
        if (!step || step.done) break;
        const event = step.value;
        if (event.type === 'end') return;
        if (event.type === 'gap') onGap();
        if (event.type === 'alive') after = event.cursor ?? after;
        if (event.type !== 'line') continue;
        after = event.entry.cursor ?? after;
        yield [event.entry];
      }
    } catch (error) {
      if (!connected && isUnknownRoute(error)) return yield* pollLogs(api, org, name, { limit, filter });
      throw error;
    } finally {
      await events.return?.(undefined);
    }
    await sleep(pauseMs);
  }
}

/** Also where there is no such agent: reading its log says so. */
function isUnknownRoute(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 405);
}
