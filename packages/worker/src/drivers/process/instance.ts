import type { ChildProcess } from 'node:child_process';
import type { Logger } from 'pino';
import type { DriverInstance } from '../driver.js';
import { endProcesses, type ProcessFamily } from './end-processes.js';
import { instanceFolderVariable } from './environment.js';
import type { InstanceRecord, InstanceRecords } from './instance-records.js';
import type { ProcessTable } from './process-table.js';

export type Instance = ReturnType<typeof createInstance>;

export interface InstanceDeps {
  records: InstanceRecords;
  table: ProcessTable;
  log: Logger;
  onExit(instanceId: string): void;
}

/** One instance in memory, in step with its record on disk. */
export function createInstance(initial: InstanceRecord, { records, table, log, onExit }: InstanceDeps) {
  const { instanceId } = initial.labels;
  let record = initial;
  let own = false;
  let released = false;
  let saving = Promise.resolve();
  let ending: Promise<void> | undefined;
  let deadline = Number.POSITIVE_INFINITY;
  const gone = Promise.withResolvers<void>();
  if (record.state === 'exited' || record.state === 'failed') gone.resolve();

  const family = (): ProcessFamily => ({
    ...(record.process && { leader: record.process }),
    marker: { name: instanceFolderVariable, value: records.folder(instanceId) },
  });

  /** One write after the other, each with what is true by then. */
  function save(): Promise<void> {
    saving = saving.catch(() => undefined).then(() => records.write(record));
    return saving;
  }

  /** The end of the main process is the end of the instance, as in a container: what it left behind is ended too. */
  async function settle(code: number | null, signal: string | null): Promise<void> {
    // The first signals go out in this turn, before anybody hears of the exit.
    const left = endProcesses(table, family(), () => 0).catch((error) =>
      log.error({ err: error, instanceId }, 'processes of an exited instance are left'),
    );
    record = { ...record, state: 'exited', exit: { code, signal, at: new Date().toISOString() } };
    try {
      await save();
    } catch (error) {
      // The exit is true all the same; after a restart it is found again.
      log.warn({ err: error, instanceId }, 'exit of an instance could not be noted');
    }
    if (!released) onExit(instanceId);
    await left;
    gone.resolve();
  }

  return {
    instanceId,
    buildId: initial.buildId,
    get state() {
      return record.state;
    },
    get port() {
      return record.port;
    },
    /** Of its first process, while that runs. */
    get pid() {
      return record.state === 'running' ? record.process?.pid : undefined;
    },
    family,
    present(): DriverInstance {
      return {
        instanceId,
        state: record.state,
        labels: record.labels,
        ...(record.state === 'running' && { address: `http://127.0.0.1:${record.port}` }),
        ...(record.exit && { exit: record.exit }),
        ...(record.error && { error: record.error }),
      };
    },

    /** Takes over a process that was just started by this driver. */
    async follow(child: ChildProcess): Promise<void> {
      own = true;
      const pid = child.pid ?? 0;
      // Read before the event loop can collect the child: its entry is there even if it has already ended.
      record = { ...record, state: 'running', process: { pid, startedAt: table.startedAt(pid) ?? '' } };
      child.once('exit', (code, signal) => {
        if (!released) void settle(code, signal);
      });
      await save();
    },
    /** Looks whether a process that an earlier driver started still runs, and settles the instance if not. */
    async watch(): Promise<void> {
      if (own || released || record.state !== 'running' || !record.process) return;
      const { pid, startedAt } = record.process;
      const alive = table.sinceBoot(startedAt) && table.list(pid).some((entry) => entry.startedAt === startedAt);
      if (!alive) await settle(null, null);
    },
    /** Ends every process; repeated calls may only bring the deadline nearer. Resolves when none is left and that is noted. */
    end(graceSeconds: number): Promise<void> {
      deadline = Math.min(deadline, performance.now() + graceSeconds * 1000);
      ending ??= (async () => {
        await endProcesses(table, family(), () => deadline);
        if (record.state === 'running' && !own) await settle(null, null);
        await gone.promise;
      })().finally(() => {
        ending = undefined;
      });
      return ending;
    },
    /** From now on another driver may hold this instance: nothing is written or reported any more. */
    release(): void {
      released = true;
      gone.resolve();
    },
  };
}
