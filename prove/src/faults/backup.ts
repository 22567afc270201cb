import { until } from '../world/wait.js';
import type { World } from '../world/world.js';
import { recovered } from './fault.js';

/** Keeps a copy of the database, as soon as nothing else that was broken stands in the way. */
export const backUp = ({ database }: World) => succeeds('a backup is made', database.backup);

/** Ends every control plane as a crash would and puts the backup in the place of the database. Resolves once all run again. */
export async function restoreBackup(world: World): Promise<void> {
  for (const plane of world.planes) await plane.stop('SIGKILL');
  await succeeds('the backup is restored', world.database.restore);
  for (const plane of world.planes) plane.start();
  await recovered(world);
}

async function succeeds(what: string, work: () => Promise<void>): Promise<void> {
  await until(what, async () => {
    await work();
    return true;
  });
}
