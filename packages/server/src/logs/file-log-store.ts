import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyBaseLogger } from 'fastify';
import { standby } from '../errors.js';
import { isUuid } from '../uuid.js';
import { type AgentLog, openAgentLog } from './agent-log.js';
import { createDiskRoom, type DiskSpace } from './disk-room.js';
import { endOf, followLog, readOn } from './log-follow.js';
import { readBeside, readPage } from './log-page.js';
import { LogDiskFull, type LogLimits, type LogStore } from './log-store.js';

interface FileLogStoreOptions {
  /** `<directory>/<agentId>/<segment>.jsonl`; made when the first line comes. */
  directory: string;
  /** A segment that has reached this size is closed. */
  segmentBytes?: number;
  /** What one agent may keep until `prune` says otherwise. */
  limits?: LogLimits;
  /** Left free on the disk: logs are the first to stop, so that the database beside them goes on. */
  reserveBytes?: number;
  diskSpace?: (folder: string) => Promise<DiskSpace>;
  log?: Pick<FastifyBaseLogger, 'warn'>;
  /** False while another process writes the folder. Opening a log repairs it, so it is not even read then. */
  mine?: () => boolean;
}

export interface FileLogStore extends LogStore {
  /** Another process has written the folder meanwhile: what is known of it is read anew. */
  reopen(): void;
  /** Another process writes the folder from now on: who follows would wait for what never comes here, and is let go. */
  standBy(): void;
}

/** Logs as files below one folder that belongs to this process alone. What was appended survives a power failure. */
export function createFileLogStore({
  directory,
  segmentBytes = 8 * 1024 * 1024,
  limits: initial = {},
  reserveBytes = 64 * 1024 * 1024,
  diskSpace,
  log,
  mine = () => true,
}: FileLogStoreOptions): FileLogStore {
  const logs = new Map<string, Promise<AgentLog>>();
  let following = new AbortController();
  const listeners = new Set<(agentId: string) => void>();
  const hasRoom = createDiskRoom(directory, reserveBytes, diskSpace);
  let limitsOf: (agentId: string) => LogLimits = () => initial;

  async function logOf(agentId: string): Promise<AgentLog> {
    if (!isUuid(agentId)) throw new Error('An agent id that is no UUID must not become a path');
    if (!mine()) throw standby();
    const log = await (logs.get(agentId) ?? open(agentId));
    await log.current();
    return log;
  }

  function open(agentId: string): Promise<AgentLog> {
    const limits = () => limitsOf(agentId);
    const opened = openAgentLog({ folder: join(directory, agentId), segmentBytes, limits, log });
    logs.set(agentId, opened);
    // The next call tries again: a folder that could not be read may be mended.
    opened.catch(() => logs.delete(agentId));
    return opened;
  }

  /** Gives up the oldest part of any agent until all together fit. */
  async function shrink(all: readonly AgentLog[], totalBytes: number): Promise<void> {
    const total = () => all.reduce((sum, one) => sum + one.bytes(), 0);
    while (totalBytes > 0 && total() > totalBytes) {
      const oldest = all.reduce<AgentLog | undefined>((first, one) => {
        const time = one.oldest();
        return time !== undefined && time < (first?.oldest() ?? '~') ? one : first;
      }, undefined);
      if (!(await oldest?.removeOldest())) return;
    }
  }

  return {
    async append(source, lines) {
      const target = await logOf(source.agentId);
      if (!(await hasRoom())) throw new LogDiskFull(directory);
      try {
        await target.append(source, lines);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw new LogDiskFull(directory);
        throw error;
      }
      for (const listener of listeners) listener(source.agentId);
    },

    async read(query) {
      return await readPage((await logOf(query.agentId)).segments(), query);
    },

    async readAt(query) {
      return await readBeside((await logOf(query.agentId)).segments(), query);
    },

    follow(query, signal) {
      // The place to start is taken at the call, not when the first line is asked for.
      const started = logOf(query.agentId).then((log) => ({ log, place: endOf(log) }));
      // It is reported where the lines are read; a caller that never reads must not end the process.
      started.catch(() => {});
      return followLog(started, query, AbortSignal.any([signal, following.signal]));
    },

    async readOn(agentId, after) {
      return await readOn(await logOf(agentId), after);
    },

    onAppend(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    async prune(order) {
      if (!mine()) return { bytes: 0, agents: 0 };
      limitsOf = order.limitsOf;
      const ids = await agentsIn(directory);
      const all = await Promise.all(ids.map((agentId) => logOf(agentId)));
      for (const one of all) await one.prune(order.now);
      await shrink(all, order.totalBytes);
      return { bytes: all.reduce((sum, one) => sum + one.bytes(), 0), agents: ids.length };
    },

    agents: () => agentsIn(directory),

    reopen() {
      // One that could not be opened is tried again in any case.
      for (const log of logs.values()) log.then((one) => one.expire()).catch(() => undefined);
    },

    standBy() {
      following.abort();
      following = new AbortController();
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

async function agentsIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return entries.filter((entry) => entry.isDirectory() && isUuid(entry.name)).map(({ name }) => name);
}
