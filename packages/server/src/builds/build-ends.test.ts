import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type BuildWorld, openBuildWorld } from '../testing/build-world.js';
import { databases } from '../testing/databases.js';
import { contextOf } from '../testing/tar.js';
import { testActor } from '../testing/two-organizations.js';
import { createBuildForgetting } from './build-forgetting.js';
import { createBuildSweeper } from './build-sweeper.js';

const dayMs = 86_400_000;
const silent = { info() {}, warn() {}, error() {} };

describe.each(databases)('the end of builds on $name', (database) => {
  let world: BuildWorld;
  let count: number;
  beforeEach(async () => {
    world = await openBuildWorld(database, { openLimit: 3 });
    count = 0;
  });
  afterEach(() => world.end());

  const at = () => world.clock.now().toISOString();
  const get = (id: string) => world.builds.get(world.acme.id, id);
  const context = () => contextOf({ Dockerfile: `FROM scratch\n# ${count++}\n` });
  async function create(content = context(), organization = world.acme) {
    const uploadId = await world.upload(organization, content);
    return (await world.builds.create(organization, testActor, { uploadId })).build.id;
  }
  async function succeeded(content = context()) {
    const id = await create(content);
    await world.builds.buildFinished(id, 'success', undefined, at());
    return id;
  }
  const actions = async () => (await world.store.audit.list(world.acme.id, 50)).map(({ action }) => action);

  describe('cancelling', () => {
    test('ends it as failed, for good, tells its worker at once, and is audited', async () => {
      const id = await create();
      await world.store.builds.assign(id, undefined, 'w1', world.clock.now());
      const cancelled = await world.builds.cancel(world.acme, testActor, id);
      expect(cancelled).toMatchObject({ status: 'failed', errorMessage: 'The build was cancelled' });
      expect(world.forgotten).toEqual([`w1 ${id}`]);
      await world.builds.buildFinished(id, 'success', undefined, at(), { from: 'w1' });
      expect(await world.builds.cancel(world.acme, testActor, id)).toEqual(cancelled);
      expect((await actions()).filter((action) => action === 'build.cancelled')).toHaveLength(1);
    });

    test('of a build that has ended otherwise is refused, and of a foreign one not found', async () => {
      const id = await succeeded();
      await expect(world.builds.cancel(world.acme, testActor, id)).rejects.toMatchObject({
        status: 409,
        message: expect.stringContaining("its status is 'success'"),
      });
      await expect(world.builds.cancel(world.bolt, testActor, await create())).rejects.toMatchObject({ status: 404 });
    });

    test('makes room for the next build of the same files', async () => {
      const content = context();
      const id = await create(content);
      await world.builds.cancel(world.acme, testActor, id);
      expect(await create(content)).not.toBe(id);
    });
  });

  test('the same files, uploaded twice at once, are built once', async () => {
    const content = context();
    const ids = await Promise.all([1, 2, 3, 4].map(() => create(content)));
    expect(new Set(ids).size).toBe(1);
    expect((await world.builds.list(world.acme.id, {})).total).toBe(1);
    expect(await create(content, world.bolt)).not.toBe(ids[0]);
  });

  test('an organization with many builds under way gets no more, and others do', async () => {
    const content = context();
    const first = await create(content);
    await create();
    await create();
    await expect(create()).rejects.toMatchObject({
      status: 429,
      message: expect.stringContaining('3 builds under way'),
    });
    await create(context(), world.bolt);
    await world.builds.cancel(world.acme, testActor, first);
    await create();
  });

  describe('removal', () => {
    async function sweep(retentionDays = 14) {
      const { store, clock, uploads } = world;
      const sweeper = createBuildSweeper({ store, clock, uploads, log: silent, retentionDays });
      sweeper.nudge();
      await sweeper.close();
    }
    const isThere = async (id: string) => (await get(id)).removedAt === undefined;

    test('takes the context, the log and the entry in lists, and what deploys it says so', async () => {
      const content = context();
      const id = await succeeded(content);
      await world.builds.buildLines(id, [{ position: 1, text: 'a' }]);
      world.clock.advance(14 * dayMs + 1);
      await sweep();
      expect(await isThere(id)).toBe(false);
      expect(await readdir(world.folder)).toEqual([]);
      expect(await world.builds.logs(world.acme.id, id, {})).toEqual([]);
      expect((await world.builds.list(world.acme.id, {})).total).toBe(0);
      await expect(world.builds.findUsable(world.acme.id, id)).rejects.toMatchObject({
        message: expect.stringContaining('was removed'),
      });
      expect(await create(content)).not.toBe(id);
      await sweep();
    });

    test('comes later when somebody asked for it, and not before a build has ended', async () => {
      const content = context();
      const [cached, deployed, idle, open] = [
        await succeeded(content),
        await succeeded(),
        await succeeded(),
        await create(),
      ];
      world.clock.advance(10 * dayMs);
      await create(content);
      await world.builds.findUsable(world.acme.id, deployed);
      world.clock.advance(10 * dayMs);
      await sweep();
      expect(await Promise.all([cached, deployed, idle, open].map(isThere))).toEqual([true, true, false, true]);
    });

    test('takes builds that failed after a day', async () => {
      const id = await create();
      await world.builds.buildFinished(id, 'failed', 'x', at());
      world.clock.advance(dayMs - 1000);
      await sweep();
      expect(await isThere(id)).toBe(true);
      world.clock.advance(2000);
      await sweep();
      expect(await isThere(id)).toBe(false);
    });

    test('spares the context that another build is made of', async () => {
      const uploadId = await world.upload(world.acme, contextOf({ Dockerfile: 'a', other: 'b' }));
      const { build } = await world.builds.create(world.acme, testActor, { uploadId });
      await world.builds.buildFinished(build.id, 'failed', 'x', at());
      const other = await world.builds.create(world.acme, testActor, { uploadId, dockerfilePath: 'other' });
      world.clock.advance(dayMs + 1000);
      await sweep();
      expect(await isThere(build.id)).toBe(false);
      const { stream } = await world.builds.openContext(other.build.id);
      stream.destroy();
    });

    test('spares what an agent is, was lately, or still runs', async () => {
      const now = at();
      const agent = { organization_id: world.acme.id, region: 'us-west', min_agents: 0, max_agents: 1 };
      const times = { created_at: now, updated_at: now };
      const add = (id: string, change: object) =>
        world.db
          .insertInto('agent')
          .values({ id, name: id, websocket_auth: 'token', ...agent, ...times, ...change } as never)
          .execute();
      await add('a', { live_deployment_id: 'a-0', desired_deployment_id: 'a-1' });
      await add('gone', { deleted_at: now });
      const builds: string[] = [];
      const deploy = async (id: string, agentId: string, number: number) => {
        world.clock.advance(1000);
        const buildId = await succeeded();
        builds[number] = buildId;
        const row = { id, organization_id: world.acme.id, agent_id: agentId, build_id: buildId, profile: 'agent-1x' };
        const rest = { phase: 'Active', phase_started_at: now, start_failures: 0, created_at: at(), updated_at: now };
        await world.db
          .insertInto('deployment')
          .values({ ...row, ...rest } as never)
          .execute();
      };
      for (let number = 0; number < 14; number++) await deploy(`a-${number}`, 'a', number);
      await deploy('gone-1', 'gone', 14);
      await world.db
        .insertInto('slot')
        .values({
          ...{ id: 's', organization_id: world.acme.id, agent_id: 'a', spare: 0, state: 'busy', epoch: 1 },
          ...{ deployment_id: 'a-3', changed_at: now },
        } as never)
        .execute();
      world.clock.advance(30 * dayMs);
      await sweep();
      const kept = await Promise.all(builds.map(isThere));
      // Live, desired, with an instance, and the ten newest; not a-2, and nothing of an agent that is gone.
      expect(kept).toEqual([true, true, false, true, ...Array(10).fill(true), false]);
    });
  });

  describe('what a worker keeps', () => {
    async function told(kept: string[], { workerId = 'w1', scope = undefined as never, refuse = false } = {}) {
      const asked: string[] = [];
      const forget = async (_: string, buildId: string) => {
        asked.push(buildId);
        if (refuse) throw new Error('in use');
      };
      const { store, clock } = world;
      const forgetting = createBuildForgetting({ store, clock, log: silent, workers: { forget } });
      const wanted = await store.builds.unneededOf(
        kept,
        workerId,
        (scope as { organizationId?: string })?.organizationId,
      );
      forgetting.keeps({ workerId, scope }, kept);
      await vi.waitFor(() => expect(asked).toEqual(wanted), { interval: 2 });
      return asked;
    }

    test('is forgotten where nobody needs it: unknown, failed, cancelled, removed, or given to another', async () => {
      const [fine, mine, others] = [await succeeded(), await create(), await create()];
      await world.store.builds.assign(mine, undefined, 'w1', world.clock.now());
      await world.store.builds.assign(others, undefined, 'w2', world.clock.now());
      const cancelled = await create();
      await world.builds.cancel(world.acme, testActor, cancelled);
      const gone = await succeeded();
      await world.db.updateTable('build').set({ removed_at: at() }).where('id', '=', gone).execute();
      expect(await told(['strange', fine, mine, others, cancelled, gone])).toEqual([
        'strange',
        others,
        cancelled,
        gone,
      ]);
      expect(await told(['strange', cancelled], { refuse: true })).toEqual(['strange', cancelled]);
    });

    test('of an organization that the worker does not serve is unknown', async () => {
      const fine = await succeeded();
      expect(await told([fine], { scope: { organizationId: world.bolt.id, region: 'x' } as never })).toEqual([fine]);
      expect(await told([fine], { scope: { organizationId: world.acme.id, region: 'x' } as never })).toEqual([]);
    });

    test('may be more than one statement takes', async () => {
      const fine = await succeeded();
      const many = Array.from({ length: 450 }, (_, at) => `x-${at}`);
      expect(await world.store.builds.unneededOf([...many, fine], 'w1')).toEqual(many);
    });
  });
});
