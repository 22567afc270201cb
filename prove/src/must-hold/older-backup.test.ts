import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { backUp, restoreBackup } from '../faults/backup.js';
import { during } from '../faults/fault.js';
import type { SeenInstance } from '../world/instances.js';
import { leftBehind } from '../world/left-behind.js';
import { processesOf } from '../world/processes.js';
import { until } from '../world/wait.js';
import { agent, openScene, type Scene } from './support.js';

let scene: Scene;
afterEach(() => scene.close());

/** Has the bot of a session come to its end: the API knows nothing of the session. */
async function finishInside({ pid }: SeenInstance): Promise<void> {
  const environment = new URLSearchParams(readFileSync(`/proc/${pid}/environ`, 'utf8').replaceAll('\0', '&'));
  await fetch(`http://${environment.get('HOST')}:${environment.get('PORT')}/finish`);
}

test.each(['sqlite', 'postgres'] as const)(
  'an older backup of %s is restored: what is later than it serves nobody else, and what it knows goes on',
  async (database) => {
    scene = await openScene({ database });
    const { world, caller, talkOn, finish, ended, isHeard, isWarm } = scene;
    /** A new session, and the instance that holds it. */
    async function begin(): Promise<SeenInstance & { session: string }> {
      const session = await until('a session is started', talkOn);
      return await until('its bot is heard', () => {
        const found = world.instances.living().find((each) => each.session === session);
        return found && { ...found, session };
      });
    }
    const isGone = ({ pid }: SeenInstance) => !processesOf(world.dataDir).includes(pid);
    /** The sessions that an instance ever had. */
    const sessionsOf = ({ instance }: SeenInstance) =>
      world.recorder
        .events()
        .flatMap((event) => (event.type === 'begin' && event.instance === instance ? event.session : []));

    const [known, ending] = [await begin(), await begin()];
    await until('an instance waits for a session', isWarm);
    world.recorder.read();
    const before = new Set(world.recorder.events().flatMap((event) => (event.type === 'boot' ? event.instance : [])));

    const later = await during(world, ['restore', 'server'], async () => {
      await backUp(world);
      await finish(ending.session);
      await ended(ending.session);
      // A place more than there were, so that at least one of those who take all of them comes to an instance that was made since.
      await caller.limit(agent, 1, 5);
      const taken = [await begin(), await begin(), await begin(), await begin()];
      await restoreBackup(world);
      return taken;
    });
    // In the backup some wait for a session, one holds a session that was over by then, and of others it knows nothing.
    const onEnded = later.filter(({ instance }) => instance === ending.instance);
    const onIdle = later.filter(({ instance }) => instance !== ending.instance && before.has(instance));
    const onNew = later.filter(({ instance }) => !before.has(instance));
    expect([onEnded, onIdle, onNew]).not.toContainEqual([]);

    // As many as there are places for: none comes to an instance whose session the backup has forgotten.
    const after = [await begin(), await begin()];
    await until('instances that the backup does not know are removed', () => onNew.every(isGone));
    await ended(ending.session);
    await until('the instance of a session that was over is removed', () => onEnded.every(isGone));
    after.push(await begin());

    for (const one of onIdle) {
      // Its session goes on to its own end, which nobody but its bot can bring about; it serves nobody after that either.
      await isHeard(one.session);
      await finishInside(one);
      await until('an instance whose session was forgotten is removed', () => isGone(one));
    }
    for (const one of later)
      expect(sessionsOf(one).filter((session) => session !== ending.session)).toEqual([one.session]);

    await caller.ask(agent, known.session);
    for (const { session } of [known, ...after]) {
      await finish(session);
      expect(await ended(session)).toMatchObject({ endReason: 'completed' });
    }
    expect(await scene.breaches()).toEqual([]);
    await scene.remove();
    await until('nothing is left', async () => (await leftBehind(world)).length === 0);
  },
);
