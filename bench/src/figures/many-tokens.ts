import type { CredentialDigests } from '@pipecat-cloud/server/access/credential-digests';
import { mintCredential } from '@pipecat-cloud/server/access/credential-digests';
import { systemIds } from '@pipecat-cloud/server/system';
import Database from 'better-sqlite3';

const tokensPerPerson = 10;
const askedFor = 20_000;

/**
 * Fills a migrated SQLite file with that many live tokens, ten to a person, as fast as SQLite goes. Returns the values of those that
 * will be asked for: all, or 20,000 that lie spread over the whole table, in an order that follows neither table nor index.
 */
export function storeManyTokens(file: string, digests: CredentialDigests, count: number): string[] {
  const database = new Database(file);
  // Made anew in each run, so nothing is lost with the power.
  database.pragma('synchronous = OFF');
  const person = database.prepare('insert into user_account (id, email, created_at) values (?, ?, ?)');
  const token = database.prepare(
    `insert into token (id, kind, user_id, family_id, activated_at, created_by, name, digest, pepper_id, masked, legacy,
       grant_json, created_at, expires_at)
     values (@id, 'personal', @userId, @id, @now, @userId, @name, @digest, @pepperId, 'pcc_pat_…', 0, '{}', @now, @expiresAt)`,
  );
  const now = new Date();
  const expiresAt = new Date(now.getTime() + 86_400_000).toISOString();
  const every = Math.max(1, Math.floor(count / askedFor));
  const keys: string[] = [];
  database.transaction(() => {
    let userId = '';
    for (let index = 0; index < count; index++) {
      if (index % tokensPerPerson === 0) {
        userId = systemIds.id();
        person.run(userId, `${userId}@example.com`, now.toISOString());
      }
      const { value } = mintCredential(systemIds, 'personal');
      if (index % every === 0) keys.push(value);
      const stored = { ...digests.current(value), id: systemIds.id(), userId, name: `Token ${index}` };
      token.run({ ...stored, now: now.toISOString(), expiresAt });
    }
  })();
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
  // Random values, so their order is too.
  return keys.sort();
}
