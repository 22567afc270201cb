import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations } from '../testing/two-organizations.js';
import { createSessionListing, type SessionFilter } from './session-listing.js';
import type { ListedSession } from './session-repository.js';

const start = Date.UTC(2026, 4, 4, 10);
const reasons = [
  'completed',
  'stopped',
  'bot_failed',
  'start_timeout',
  'start_failed',
  'of another version',
  undefined,
];
const everything = { limit: 1000, offset: 0 };
const uuid = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const [agentId, otherAgentId] = [uuid(1), uuid(2)];
const deployments = [uuid(11), uuid(12)] as const;

describe.each(databases)('lists of sessions on $name', (database) => {
  let world: TwoOrganizations;
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    for (const [id, organizationId] of [
      [agentId, world.acme.id],
      [otherAgentId, world.bolt.id],
    ] as const) {
      await addAgent(id, organizationId);
    }
    for (const id of deployments) await addDeployment(id, agentId, world.acme.id);
    await addDeployment(uuid(13), otherAgentId, world.bolt.id);
  });
  afterEach(() => world.drop());

  async function addAgent(id: string, organizationId: string): Promise<void> {
    const now = new Date(start).toISOString();
    await world.store.agents.insert({
      id,
      organizationId,
      name: 'bot',
      region: 'us-west',
      minAgents: 0,
      maxAgents: 1,
      reuseMaxSessions: null,
      reuseMaxMemoryPercent: null,
      websocketAuth: 'none',
      desiredDeploymentId: null,
      liveDeploymentId: null,
      reconciledDeploymentId: null,
      createdAt: now,
      updatedAt: now,
      deletedAt: null,
    });
  }

  async function addDeployment(id: string, ofAgent: string, organizationId: string): Promise<void> {
    const now = new Date(start).toISOString();
    await world.store.deployments.insert({
      id,
      organizationId,
      agentId: ofAgent,
      image: 'i',
      buildId: null,
      secretSet: null,
      imagePullSecretSet: null,
      profile: 'agent-1x',
      ...{ cpu: '500m', memory: '1Gi', architecture: null },
      maxSessionSeconds: null,
      krispAudioFilter: null,
      phase: 'Active',
      phaseStartedAt: now,
      startFailures: 0,
      error: null,
      createdAt: now,
      updatedAt: now,
    });
  }

  /** As the services do it: inserted, activated where it came so far, ended where it has. */
  async function addSession(
    number: number,
    { deploymentId, coldStart, startMs, reason, of = agentId, organizationId = world.acme.id }: Sort,
  ): Promise<void> {
    const { store } = world;
    const at = start + Math.floor(number / 2) * 1000; // Two at each time.
    const id = uuid(1000 + number);
    await store.sessions.insert({
      id,
      organizationId,
      agentId: of,
      deploymentId,
      slotId: null,
      instanceId: null,
      epoch: 1,
      state: 'starting',
      entry: 'bot',
      coldStart,
      createdAt: new Date(at).toISOString(),
      activatedAt: null,
      endedAt: null,
      endReason: null,
      completionStatus: null,
      updatedAt: new Date(at).toISOString(),
    });
    if (startMs !== null) await store.sessions.activate(id, 1, new Date(at + startMs), startMs);
    if (reason === undefined) return;
    const end = { reason, completionStatus: 'X', at: new Date(at + 60_000).toISOString() };
    await store.transaction(async (repos) => {
      await repos.sessions.end(id, 1, end, new Date(at + 60_000));
      // Reported twice.
      await repos.sessions.end(id, 1, { ...end, reason: 'instance_exited' }, new Date(at + 60_000));
    });
  }

  async function addMany(): Promise<void> {
    let number = 0;
    for (const deploymentId of deployments) {
      for (const coldStart of [true, false, null]) {
        for (const [index, reason] of reasons.entries()) {
          await addSession(number++, {
            deploymentId,
            coldStart,
            startMs: [500, 2000, 9000, null][index % 4] ?? null,
            reason,
          });
        }
      }
    }
    await addSession(number, {
      ...{ deploymentId: uuid(13), coldStart: true, startMs: 500, reason: 'completed' },
      ...{ of: otherAgentId, organizationId: world.bolt.id },
    });
  }

  const list = async (filter: SessionFilter, page = everything) => {
    const { sessions, total } = await world.store.sessions.list(world.acme.id, agentId, filter, page);
    return { sessions, total };
  };

  test('every combination of filters gives the sessions that match, newest first, and counts them', async () => {
    await addMany();
    const { sessions: all, total } = await list({});
    expect([all.length, total]).toEqual([42, 42]);
    const newestFirst = all.toSorted((a, b) => (key(a) < key(b) ? 1 : -1));
    expect(all).toEqual(newestFirst);
    for (const filter of combinations()) {
      const wanted = all.filter((session) => matches(session, filter)).map(({ id }) => id);
      const found = await list(filter);
      expect([filter, found.total, found.sessions.map(({ id }) => id)]).toEqual([filter, wanted.length, wanted]);
    }
  });

  test('what is found part by part is the same, wherever the parts meet', async () => {
    await addMany();
    const { sessions: all } = await list({});
    for (const entriesAtOnce of [2, 5, 42]) {
      const listing = createSessionListing({ db: world.db }, { entriesAtOnce });
      for (const filter of combinations().filter((_, index) => index % 31 === entriesAtOnce % 31)) {
        const wanted = all.filter((session) => matches(session, filter)).map(({ id }) => id);
        for (const page of [everything, { limit: 4, offset: 0 }, { limit: 6, offset: 3 }, { limit: 5, offset: 30 }]) {
          const rows = await listing.page(world.acme.id, agentId, filter, page);
          expect([filter, page, rows.map(({ id }) => id)]).toEqual([
            filter,
            page,
            wanted.slice(page.offset, page.offset + page.limit),
          ]);
        }
        expect([filter, await listing.count(world.acme.id, agentId, filter)]).toEqual([filter, wanted.length]);
      }
    }
  });

  test('pages follow one another without a gap, and a page beyond the end is empty', async () => {
    await addMany();
    const { sessions: all } = await list({});
    const walked: string[] = [];
    for (let offset = 0; offset <= 45; offset += 5) {
      const page = await list({}, { limit: 5, offset });
      expect(page.total).toBe(42);
      walked.push(...page.sessions.map(({ id }) => id));
    }
    expect(walked).toEqual(all.map(({ id }) => id));
    expect(await list({}, { limit: 0, offset: 0 })).toEqual({ sessions: [], total: 42 });
    expect(await list({}, { limit: 10, offset: 1_000_000_000 })).toEqual({ sessions: [], total: 42 });
  });

  test("another organization neither lists nor counts an agent's sessions", async () => {
    await addMany();
    const { bolt, store } = world;
    for (const filter of [
      {},
      { status: 'active' },
      { status: 'ended' },
      { from: new Date(0).toISOString() },
    ] as const) {
      expect(await store.sessions.list(bolt.id, agentId, filter, everything)).toEqual({ sessions: [], total: 0 });
    }
    expect(await store.sessions.countOpen(bolt.id, agentId)).toBe(0);
    expect(await store.sessions.countOpen(world.acme.id, agentId)).toBe(6);
  });
});

interface Sort {
  deploymentId: string;
  coldStart: boolean | null;
  startMs: number | null;
  reason: string | undefined;
  of?: string;
  organizationId?: string;
}

const key = ({ createdAt, id }: ListedSession) => `${createdAt} ${id}`;

function combinations(): SessionFilter[] {
  const choices: { [K in keyof SessionFilter]: SessionFilter[K][] } = {
    deploymentId: [undefined, deployments[0], 'no id'],
    status: [undefined, 'active', 'ended'],
    coldStart: [undefined, true, false],
    endState: [undefined, 'active', 'completed', 'terminated', 'unknown'],
  };
  const bounds: SessionFilter[] = [
    {},
    { from: new Date(start + 5000).toISOString() },
    { to: new Date(start + 15_000).toISOString() },
    { startMsOver: 500 },
    { startMsUnder: 9000 },
    { from: new Date(start + 3000).toISOString(), to: new Date(start + 18_000).toISOString(), startMsOver: 1999 },
  ];
  return Object.entries(choices).reduce<SessionFilter[]>(
    (filters, [name, values]) => filters.flatMap((filter) => values.map((value) => ({ ...filter, [name]: value }))),
    bounds,
  );
}

/** The same rules in other words, on what was read. */
function matches(session: ListedSession, filter: SessionFilter): boolean {
  const { startMs } = session;
  const { startMsOver, startMsUnder } = filter;
  return (
    (filter.deploymentId === undefined || session.deploymentId === filter.deploymentId) &&
    (filter.status === undefined || (session.state === 'ended') === (filter.status === 'ended')) &&
    (filter.coldStart === undefined || session.coldStart === filter.coldStart) &&
    (filter.endState === undefined || session.endState === filter.endState) &&
    (filter.from === undefined || session.createdAt >= filter.from) &&
    (filter.to === undefined || session.createdAt <= filter.to) &&
    (startMsOver === undefined || (startMs !== null && startMs > startMsOver)) &&
    (startMsUnder === undefined || (startMs !== null && startMs < startMsUnder))
  );
}
