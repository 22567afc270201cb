import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export type Row = Record<string, string | number | null>;

/** Reads the embedded database of an installation, which may be running: what the API tells nobody yet, such as the audit. */
export function readDatabase(dataDir: string, sql: string, ...parameters: (string | number)[]): Row[] {
  const database = new DatabaseSync(join(dataDir, 'pipecat-cloud.db'), { readOnly: true, timeout: 10_000 });
  try {
    return database.prepare(sql).all(...parameters) as Row[];
  } finally {
    database.close();
  }
}

/** What the audit says of one target, oldest first. */
export function auditOf(dataDir: string, target: string): string[] {
  const rows = readDatabase(dataDir, 'select action from audit where target = ? order by seq', target);
  return rows.map(({ action }) => String(action));
}
