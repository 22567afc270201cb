import type { Logger } from 'pino';
import { endProcesses } from './end-processes.js';
import { instanceFolderVariable } from './environment.js';
import type { InstanceRecord, InstanceRecords } from './instance-records.js';
import type { ProcessTable } from './process-table.js';

export interface AdoptDeps {
  records: InstanceRecords;
  table: ProcessTable;
  installationId: string;
  log: Logger;
}

/**
 * What an earlier worker left: the records of this installation, completed by what runs. An instance that was being started is
 * running if its process is found and has failed otherwise; processes and folders that belong to no instance are ended and removed.
 */
export async function adopt({ records, table, installationId, log }: AdoptDeps): Promise<InstanceRecord[]> {
  const adopted: InstanceRecord[] = [];
  const known = new Set<string>();
  const cutOff: string[] = [];

  for (const instanceId of await records.list()) {
    const record = await records.read(instanceId);
    if (!record) {
      cutOff.push(instanceId);
      continue;
    }
    known.add(records.folder(instanceId));
    if (record.installationId !== installationId) {
      log.warn({ instanceId }, 'an instance of another installation is left alone');
      continue;
    }
    adopted.push(record.state === 'preparing' ? await complete(record) : record);
  }
  for (const folder of strayFolders()) {
    log.warn({ folder }, 'processes of an instance without a record are ended');
    await endMarked(folder);
  }
  for (const instanceId of cutOff) await records.remove(instanceId);
  return adopted;

  /** The worker died between noting what it meant to start and noting what it had started. */
  async function complete(record: InstanceRecord): Promise<InstanceRecord> {
    const { instanceId } = record.labels;
    const folder = records.folder(instanceId);
    const marked = new Set(
      table.marked(instanceFolderVariable).flatMap(({ pid, value }) => (value === folder ? [pid] : [])),
    );
    // The main process leads its group; a group that it made in turn is younger, so its number is usually greater.
    const leader = table
      .list()
      .filter(({ pid, group }) => pid === group && marked.has(pid))
      .sort((a, b) => ticks(a.startedAt) - ticks(b.startedAt) || a.pid - b.pid)[0];
    if (!leader) await endMarked(folder);
    const completed: InstanceRecord = leader
      ? { ...record, state: 'running', process: { pid: leader.pid, startedAt: leader.startedAt } }
      : {
          ...record,
          state: 'failed',
          error: { code: 'PCC_UNKNOWN_ERROR', message: 'The worker was restarted while it started this instance.' },
        };
    await records.write(completed);
    return completed;
  }

  function strayFolders(): Set<string> {
    const values = table.marked(instanceFolderVariable).map(({ value }) => value);
    return new Set(values.filter((value) => value.startsWith(`${records.root}/`) && !known.has(value)));
  }

  function endMarked(value: string): Promise<void> {
    return endProcesses(table, { marker: { name: instanceFolderVariable, value } }, () => 0);
  }
}

function ticks(startedAt: string): number {
  return Number(startedAt.split('/')[1] ?? 0);
}
