import type { AuditLine } from '@pipecat-cloud/contract/audit-chain';

/** A record that has no place in its chain yet. */
export type NewAuditRecord = Omit<AuditLine, 'seq' | 'prevHash' | 'hash'>;

/** What one transaction has recorded so far. It is written last, so that heads of chains are locked for the shortest time. */
export function createPendingRecords() {
  let records: NewAuditRecord[] | undefined = [];
  return {
    /** Throws once the records were taken: one that came later would be lost. */
    add(record: NewAuditRecord): void {
      if (!records) throw new Error(`'${record.action}' was recorded after its transaction had ended`);
      records.push(record);
    },
    take(): NewAuditRecord[] {
      const taken = records ?? [];
      records = undefined;
      return taken;
    },
  };
}
export type PendingRecords = ReturnType<typeof createPendingRecords>;
