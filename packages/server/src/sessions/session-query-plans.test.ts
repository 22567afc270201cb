import type { EndState } from '@pipecat-cloud/contract/sessions';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { databases } from '../testing/databases.js';
import { planOf, recorded } from '../testing/query-plans.js';
import { openTwoOrganizations, type TwoOrganizations } from '../testing/two-organizations.js';
import { createSessionHistoryRepository } from './session-history-repository.js';
import { createSessionListing, type SessionFilter } from './session-listing.js';
import { createUsageRepository } from './usage-repository.js';

const [agentId, deploymentId] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];
const start = Date.UTC(2026, 4, 4, 10);
const time = (seconds: number) => new Date(start + seconds * 1000).toISOString();
const sessions = 42;

/** SQLite does nothing else meanwhile, so no statement may read more than its part, however many sessions there are. */
let world: TwoOrganizations;
beforeAll(async () => {
  const [sqlite] = databases;
  if (sqlite?.name !== 'SQLite') throw new Error('The first of the databases is not SQLite');
  world = await openTwoOrganizations(sqlite);
  const agent = {
    id: agentId,
    organization_id: world.acme.id,
    name: 'bot',
    region: 'us-west',
    min_agents: 0,
    max_agents: 1,
  };
  const at = { created_at: time(0), updated_at: time(0) };
  await world.db
    .insertInto('agent')
    .values({ ...agent, ...at, websocket_auth: 'none' })
    .execute();
  const deployment = { id: deploymentId, organization_id: world.acme.id, agent_id: agentId, profile: 'agent-1x' };
  await world.db
    .insertInto('deployment')
    .values({ ...deployment, ...at, phase: 'Active', phase_started_at: time(0) })
    .execute();
  const session = { organization_id: world.acme.id, agent_id: agentId, deployment_id: deploymentId, epoch: 1 };
  const end = { state: 'ended', end_reason: 'stopped', end_state: 'terminated' satisfies EndState };
  const rows = Array.from({ length: sessions }, (_, number) => ({
    ...{ ...session, ...end, id: `00000000-0000-4000-8000-${1_000_000_000_000 + number}`, entry: 'bot' },
    ...{ created_at: time(number), updated_at: time(number), start_ms: number * 100 },
  }));
  await world.db.insertInto('session').values(rows).execute();
});
afterAll(() => world.drop());

const nothing: SessionFilter = {};
const filters: readonly SessionFilter[] = [
  nothing,
  { status: 'active' },
  { status: 'ended' },
  { endState: 'terminated' },
  { from: time(1) },
  { from: time(1), to: time(30), status: 'ended' },
  { from: time(1), endState: 'terminated' },
  { deploymentId },
  { coldStart: true, status: 'ended' },
  { startMsOver: 1000, endState: 'terminated' },
  { startMsOver: 1000, startMsUnder: 2000, deploymentId, from: time(1) },
];

test.each(filters)('%o is walked in the order of an index, and nothing is sorted', async (filter) => {
  const { db, statements } = recorded(world.db);
  const listing = createSessionListing({ db });
  for (const page of [
    { limit: 100, offset: 0 },
    { limit: 100, offset: 20 },
  ]) {
    await listing.page(world.acme.id, agentId, filter, page);
  }
  await listing.count(world.acme.id, agentId, filter);
  const plans = await Promise.all(statements.map((statement) => planOf(world.db, statement)));
  expect(plans.length).toBeGreaterThan(0);
  for (const [index, plan] of plans.entries()) {
    const said = [statements[index]?.sql, ...plan].join('\n');
    // What was passed over is sorted no more; what is sorted is the page, by its ids.
    if (!/"id" in \(select/.test(said)) expect(said).not.toMatch(/TEMP B-TREE/);
    expect(said).not.toMatch(/SCAN session/);
  }
});

test.each([
  ['a time', { from: time(0) }, 42],
  ['a time, of those that ended', { from: time(0), status: 'ended' }, 42],
  ['a time, of one end', { from: time(0), endState: 'terminated' }, 42],
  ['how long the start took', { startMsOver: 2049 }, 21],
  ['two times', { from: time(0), to: time(39) }, 40],
  ['a time that few match', { from: time(35) }, 7],
] as const)('what matches by %s is counted part by part', async (_, filter, matching) => {
  const { db, statements } = recorded(world.db);
  const listing = createSessionListing({ db }, { entriesAtOnce: 5 });
  expect(await listing.count(world.acme.id, agentId, filter)).toBe(matching);
  const passed = 'from' in filter ? matching : sessions;
  // One is the count of the open ones, which are few.
  const counts = statements.filter(({ sql }) => /count\(\*\)/.test(sql) && !/<> \?/.test(sql));
  expect(counts).toHaveLength(Math.ceil((passed + 1) / 5));
  // Each has one bound on each side at most, or SQLite would take the further one.
  for (const { sql } of counts) {
    expect(sql.match(/ >= (\?|\(\?, \?\))/g) ?? []).not.toHaveLength(2);
    expect(sql.match(/ <=? (\?|\(\?, \?\))/g) ?? []).not.toHaveLength(2);
  }
  // All but the last part have an end.
  expect(counts.filter(({ sql }) => !sql.includes('>= (?, ?)'))).toHaveLength(1);
});

test.each([
  ['one that nothing matches', { coldStart: true }, { limit: 10, offset: 0 }],
  ['a page far on', nothing, { limit: 5, offset: 40 }],
  ['a page far on, of one end', { endState: 'terminated' }, { limit: 5, offset: 40 }],
] as const)('%s is looked for part by part', async (_, filter, page) => {
  const { db, statements } = recorded(world.db);
  const listing = createSessionListing({ db }, { entriesAtOnce: 5 });
  await listing.page(world.acme.id, agentId, filter, page);
  const walks = statements.filter(({ sql }) => !/limit/.test(sql) || /"updated_at"/.test(sql));
  expect(walks.length).toBeGreaterThanOrEqual(9);
  expect(walks.filter(({ sql }) => !sql.includes('>= (?, ?)')).length).toBeLessThanOrEqual(2);
});

test('sessions whose samples are to be summarised are looked for among the samples, not among all sessions', async () => {
  const { db, statements } = recorded(world.db);
  const usage = createUsageRepository({ db, dialect: 'sqlite' });
  expect(await usage.endedWithSamples(new Date(start), 50)).toEqual([]);
  const plans = await Promise.all(statements.map((statement) => planOf(world.db, statement)));
  expect(plans.flat().join('\n')).toMatch(/SCAN session_usage/);
  expect(plans.flat().join('\n')).not.toMatch(/SCAN session( |$)|SCAN session USING/m);
});

test('sessions that ended long ago are looked for at the old end of each agent, and removed by their ids', async () => {
  const { db, statements } = recorded(world.db);
  const history = createSessionHistoryRepository({ db, dialect: 'sqlite' });
  expect(await history.oldest('', 10)).toEqual([{ agentId, createdAt: time(0) }]);
  const ids = await history.ended(agentId, 10, new Date(start + 1000 * sessions));
  await history.ended(agentId, 10);
  await history.remove(ids.length > 0 ? ids : ['none']);
  const plans = await Promise.all(statements.map((statement) => planOf(world.db, statement)));
  expect(plans.length).toBeGreaterThanOrEqual(7);
  const said = plans.flat().join('\n');
  expect(said).toContain('SEARCH session USING INDEX session_agent_listed (agent_id=? AND created_at<?)');
  expect(said).not.toMatch(/SCAN session|TEMP B-TREE/);
});
