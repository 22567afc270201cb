import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyBaseLogger } from 'fastify';
import { isUuid } from '../uuid.js';
import { type AgentLog, openAgentLog } from './agent-log.js';
import { createMatcher, decodeLine } from './log-codec.js';
import { readPage } from './log-page.js';
import type { LogQuery, LogStore, StoredLogLine } from './log-store.js';
import { linesForwards } from './segment-file.js';

interface FileLogStoreOptions {
  /** `<directory>/<agentId>/<segment>.jsonl`; made when the first line comes. */
  directory: string;
  /** A segment that has reached this size is closed. */
  segmentBytes?: number;
  log?: Pick<FastifyBaseLogger, 'warn'>;
}

/** Logs as files below one folder that belongs to this process alone. Lines survive a crash of the process. */
export function createFileLogStore({ directory, segmentBytes = 8 * 1024 * 1024, log }: FileLogStoreOptions): LogStore {
  const logs = new Map<string, Promise<AgentLog>>();

  function logOf(agentId: string): Promise<AgentLog> {
    if (!isUuid(agentId)) throw new Error('An agent id that is no UUID must not become a path');
    const known = logs.get(agentId);
    if (known) return known;
    const opened = openAgentLog({ folder: join(directory, agentId), segmentBytes, log });
    logs.set(agentId, opened);
    // The next call tries again: a folder that could not be read may be mended.
    opened.catch(() => logs.delete(agentId));
    return opened;
  }

  return {
    async append(source, lines) {
      await (await logOf(source.agentId)).append(source, lines);
    },

    async read(query) {
      return await readPage((await logOf(query.agentId)).segments(), query);
    },

    follow(query, signal) {
      // The place to start is taken at the call, not when the first line is asked for.
      const started = logOf(query.agentId).then((log) => ({ log, place: endOf(log) }));
      // It is reported where the lines are read; a caller that never reads must not end the process.
      started.catch(() => {});
      return follow(started, query, signal);
    },

    async prune(before) {
      for (const agentId of (await foldersOf(directory)).filter(isUuid)) await (await logOf(agentId)).prune(before);
    },

    async removeAgent(agentId) {
      const log = await logOf(agentId);
      await log.remove();
      logs.delete(agentId);
    },

    async close() {
      const opened = await Promise.allSettled(logs.values());
      await Promise.all(opened.map((one) => (one.status === 'fulfilled' ? one.value.close() : undefined)));
    },
  };
}

interface Place {
  segment: number;
  bytes: number;
}

function endOf(log: AgentLog): Place {
  const last = log.segments().at(-1);
  return { segment: last?.number ?? 0, bytes: last?.bytes ?? 0 };
}

/** Reads on from a place in the files whenever something was added, so a slow reader costs no memory and misses nothing. */
async function* follow(
  started: Promise<{ log: AgentLog; place: Place }>,
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<StoredLogLine> {
  const { log, place } = await started;
  const matches = createMatcher(query);
  while (!signal.aborted && !log.isEnded()) {
    const changed = log.changed();
    for (const { number, path, bytes } of log.segments().filter((segment) => segment.number >= place.segment)) {
      const from = number === place.segment ? place.bytes : 0;
      for await (const lines of linesForwards(path, from, bytes)) {
        for (const { text } of lines) {
          const line = decodeLine(text);
          if (line && matches(line)) yield line;
          if (signal.aborted) return;
        }
      }
      place.segment = number;
      place.bytes = bytes;
    }
    await settledOrAborted(changed, signal);
  }
}

async function settledOrAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const aborted = Promise.withResolvers<void>();
  const onAbort = () => aborted.resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function foldersOf(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
