import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check } from '../checker/check.js';
import type { Breach } from '../checker/event.js';
import { type Caller, createCaller } from '../load/caller.js';
import { createWatcher } from '../load/watcher.js';
import { prepareAgent } from '../world/agent-context.js';
import type { DatabaseKind } from '../world/database.js';
import { mountDisk } from '../world/disk.js';
import { addTenants } from '../world/tenants.js';
import { until } from '../world/wait.js';
import { openWorld } from '../world/world.js';

export type Scene = Awaited<ReturnType<typeof openScene>>;

export const agent = 'barista';
const capMs = 7_200_000;

/** Why a small disk can't be made here; undefined where it can. */
export const noDisk = process.getuid?.() === 0 ? undefined : 'only root can mount a disk';

/** Why agents can't run in containers here; undefined where they can. */
export const noEngine = process.env.PIPECAT_CLOUD_TEST_ENGINE ? undefined : 'PIPECAT_CLOUD_TEST_ENGINE is not set';

/** An installation with one organization and one agent that serves, watched from outside. */
export async function openScene({
  database = 'sqlite',
  driver = 'process',
  diskMegabytes,
  controlPlanes = 1,
}: {
  database?: DatabaseKind;
  controlPlanes?: number;
  driver?: string;
  diskMegabytes?: number;
} = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'pipecat-cloud-must-hold-'));
  const disk = diskMegabytes === undefined ? undefined : mountDisk(join(folder, 'disk'), diskMegabytes);
  if (disk && 'reason' in disk) throw new Error(disk.reason);
  const world = await openWorld({
    folder,
    database,
    driver,
    controlPlanes,
    ...(disk ? { dataDir: join(folder, 'disk', 'data') } : {}),
  });
  await world.start();
  const refusals: string[] = [];
  const [tenant] = await addTenants(world, ['north']);
  if (!tenant) throw new Error('no organization was made');
  const caller: Caller = createCaller(tenant, world.recorder, (text) => refusals.push(text));
  const source = await prepareAgent(world, tenant, { agent, version: 'good', broken: false });
  const { client, name } = tenant;
  await client.createService(name, { serviceName: agent, ...source, autoScaling: { minAgents: 1, maxAgents: 4 } });
  await caller.limit(agent, 1, 4);
  await until('the agent serves', async () => (await client.getService(name, agent)).ready);
  const closing = new AbortController();
  const watcher = createWatcher(world.recorder, closing.signal);

  /** Starts a session that talks for so long, and watches it; undefined where it was refused. */
  async function talk(seconds: number): Promise<string | undefined> {
    const held = await caller.start(agent, { does: 'talk', seconds }, capMs);
    if (held) watcher.watch(caller, agent, held.session);
    return held?.session;
  }

  /** Heard a moment ago: on a busy machine one that lives may not be. */
  const isLive = (session: string) => world.instances.living().some((each) => each.session === session);

  return {
    world,
    caller,
    watcher,
    /** What the API has answered in errors, newest last. */
    refusals,

    talk,
    /** Starts one that talks until it is told to finish, however slow the machine is. */
    talkOn: () => talk(1_000),
    /** Whether an instance waits for a session, and none is being made. */
    async isWarm(): Promise<boolean> {
      const { idle, starting } = await client.getCapacity(name, agent);
      return idle > 0 && starting === 0;
    },
    /** Lets the bot of a session come to its end by itself. */
    async finish(session: string): Promise<void> {
      const url = `${tenant.url}/v1/public/${agent}/sessions/${session}/finish`;
      const response = await fetch(url, { headers: { authorization: `Bearer ${tenant.publicKey}` } });
      if (!response.ok) throw new Error(`session ${session} was not reached: ${await response.text()}`);
    },
    /** Resolves with what the API says of a session once its bot has finished and it is told as ended. */
    ended: (session: string) =>
      until(`session ${session} has ended`, async () => {
        const found = await client.getSession(name, agent, session);
        return found.state === 'ended' && found;
      }),
    isLive,
    /** Resolves once the bot of a session is heard; one that has ended never is again. */
    isHeard: (session: string) => until(`the bot of session ${session} is heard`, () => isLive(session)),

    /** Deletes the agent. */
    async remove(): Promise<void> {
      await watcher.close();
      await client.deleteService(name, agent);
    },
    /** Every breach of E1 to E9 so far. */
    async breaches(): Promise<Breach[]> {
      await watcher.lookAtAll();
      world.recorder.read();
      return check(world.recorder.events());
    },
    async close(): Promise<void> {
      closing.abort();
      await watcher.close();
      await world.close();
      disk?.unmount();
      // What was killed at the end writes until it is gone.
      await until('its folder is removed', () => {
        rmSync(folder, { recursive: true, force: true });
        return true;
      });
    },
  };
}
