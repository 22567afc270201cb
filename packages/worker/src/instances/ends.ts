import { failpoint } from '@pipecat-cloud/contract/failpoint';
import type { Logger } from 'pino';
import type { Outbox } from '../outbox.js';
import type { InstanceRecord, Records, SessionEnd } from './record.js';

export type Ends = ReturnType<typeof createEnds>;

/** Reports ends of sessions, and keeps each on disk until it is acknowledged. */
export function createEnds({ outbox, records, log }: { outbox: Outbox; records: Records; log: Logger }) {
  const forgotten = new Set<InstanceRecord>();

  async function acknowledged(record: InstanceRecord, end: SessionEnd): Promise<void> {
    await failpoint('end.acknowledged');
    record.ends = record.ends.filter((other) => other !== end);
    if (!forgotten.has(record)) return records.save(record);
    if (record.ends.length > 0) return;
    forgotten.delete(record);
    await records.remove(record);
  }

  return {
    /** `end` is one of `record.ends` and on disk. */
    report(record: InstanceRecord, end: SessionEnd): void {
      outbox
        .deliver({ type: 'session-ended', instanceId: record.labels.instanceId, ...end })
        .then(() => acknowledged(record, end))
        .catch((err) => log.error({ err }, 'an acknowledged end could not be taken off the disk'));
    },
    /** The instance is gone for good: its record goes as soon as nothing in it waits to be acknowledged. */
    async forget(record: InstanceRecord): Promise<void> {
      if (record.ends.length === 0) return records.remove(record);
      forgotten.add(record);
      await records.save(record);
    },
  };
}
