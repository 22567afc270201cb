import { sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { endStateOf, reasonsOf } from '../../sessions/end-states.js';
import { databases, testAuditKey } from '../../testing/databases.js';
import { migrationProvider } from '../migrations.js';

const unknown = reasonsOf('unknown');
const reasons = [...('notIn' in unknown ? unknown.notIn : []), 'of another version'];

describe.each(databases)('the ends of the sessions of before on $name', ({ openUnmigrated }) => {
  let opened: Awaited<ReturnType<typeof openUnmigrated>>;
  beforeEach(async () => {
    opened = await openUnmigrated();
  });
  afterEach(() => opened.drop());

  test('are called as those of now, and what has not ended is not', async () => {
    const { db } = opened;
    const migrator = new Migrator({ db, provider: migrationProvider(testAuditKey) });
    expect((await migrator.migrateTo('0014-builds')).error).toBeUndefined();
    const session = (id: string, state: string, reason: string) =>
      `insert into session (id, organization_id, agent_id, deployment_id, epoch, state, entry, end_reason, created_at, updated_at)
        values ('${id}', 'o', 'a', 'd', 1, '${state}', 'bot', ${reason}, '', '')`;
    for (const statement of [
      `insert into organization (id, name, verbose_name, default_region, created_at) values ('o', 'o', 'o', 'r', '')`,
      `insert into agent (id, organization_id, name, region, min_agents, max_agents, websocket_auth, created_at, updated_at)
        values ('a', 'o', 'a', 'r', 0, 1, 'none', '', '')`,
      `insert into deployment (id, organization_id, agent_id, profile, phase, phase_started_at, created_at, updated_at)
        values ('d', 'o', 'a', 'agent-1x', 'Active', '', '', '')`,
      ...reasons.map((reason) => session(reason, 'ended', `'${reason}'`)),
      session('open', 'active', 'null'),
    ]) {
      await sql.raw(statement).execute(db);
    }
    expect((await migrator.migrateToLatest()).error).toBeUndefined();
    const rows = await db.selectFrom('session').select(['id', 'end_state']).execute();
    expect(Object.fromEntries(rows.map(({ id, end_state }) => [id, end_state]))).toEqual({
      ...Object.fromEntries(reasons.map((reason) => [reason, endStateOf(reason)])),
      open: null,
    });
  });
});
