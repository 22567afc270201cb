import { sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { databases, testAuditKey } from '../../testing/databases.js';
import { migrationProvider } from '../migrations.js';

describe.each(databases)('the tally of the sessions of before on $name', ({ openUnmigrated }) => {
  let opened: Awaited<ReturnType<typeof openUnmigrated>>;
  beforeEach(async () => {
    opened = await openUnmigrated();
  });
  afterEach(() => opened.drop());

  test('counts those that have ended, and measures how long each start took', async () => {
    const { db } = opened;
    const migrator = new Migrator({ db, provider: migrationProvider(testAuditKey) });
    expect((await migrator.migrateTo('0007-notifications')).error).toBeUndefined();
    for (const statement of [
      `insert into organization (id, name, verbose_name, default_region, created_at) values ('o', 'o', 'o', 'r', '')`,
      `insert into agent (id, organization_id, name, region, min_agents, max_agents, websocket_auth, created_at, updated_at)
        values ('a', 'o', 'a', 'r', 0, 1, 'none', '', '')`,
      `insert into deployment (id, organization_id, agent_id, profile, phase, phase_started_at, created_at, updated_at)
        values ('d', 'o', 'a', 'agent-1x', 'Active', '', '', '')`,
      ...[
        ['s1', 'ended', '1', 'completed', '2026-05-04T23:59:59.750Z', "'2026-05-05T00:00:02.005Z'"],
        ['s2', 'ended', '1', 'completed', '2026-05-04T10:00:00.000Z', "'2026-05-04T10:00:00.000Z'"],
        ['s3', 'ended', 'null', 'start_failed', '2026-05-04T10:00:00.000Z', 'null'],
        ['s4', 'active', '0', '', '2026-05-04T10:00:00.000Z', "'2026-05-04T11:01:01.500Z'"],
      ].map(
        ([id, state, cold, reason, created, activated]) =>
          `insert into session (id, organization_id, agent_id, deployment_id, epoch, state, entry, cold_start, end_reason,
             created_at, activated_at, updated_at)
           values ('${id}', 'o', 'a', 'd', 1, '${state}', 'bot', ${cold}, ${reason ? `'${reason}'` : 'null'},
             '${created}', ${activated}, '')`,
      ),
    ]) {
      await sql.raw(statement).execute(db);
    }
    expect((await migrator.migrateToLatest()).error).toBeUndefined();
    const starts = await db.selectFrom('session').select(['id', 'start_ms']).orderBy('id').execute();
    expect(starts.map(({ start_ms }) => start_ms)).toEqual([2255, 0, null, 3_661_500]);
    const tally = await db
      .selectFrom('session_tally')
      .select(['end_reason', 'cold_start', 'count'])
      .orderBy('end_reason')
      .execute();
    expect(tally).toEqual([
      { end_reason: 'completed', cold_start: 1, count: 2 },
      { end_reason: 'start_failed', cold_start: -1, count: 1 },
    ]);
  });
});
