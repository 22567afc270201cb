import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'vitest';
import { type Rig, specOf, startRig } from '../test-rig/rig.js';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
  await rig.ready();
});
afterEach(() => rig.close());

const blocked = () => join(rig.workerDir, 'sessions', 'i-1.json.tmp');
/** Nothing of instance `i-1` can be written to disk until `freeDisk`, as where the disk is full. */
const fillDisk = () => mkdir(blocked());
const freeDisk = () => rm(blocked(), { recursive: true });
const remove = () => rig.control.command({ do: 'remove', instanceId: 'i-1', graceSeconds: 0 });

test('an instance that could not be made on a full disk has failed, and can be removed', async () => {
  await fillDisk();
  await rig.control.command({ do: 'ensure', spec: specOf('i-1', { secretsVersion: 'v-1' }) });
  await rig.control.whenObserved('i-1', 'failed');
  await freeDisk();
  await remove();
  await rig.control.whenObserved('i-1', undefined);
});

test('one that ended before it was ready, and could not be noted, can be removed', async () => {
  rig.agents.defaults.readyz = 503;
  await rig.control.command({ do: 'ensure', spec: specOf('i-1') });
  await rig.control.whenObserved('i-1', 'starting');
  await fillDisk();
  rig.world.exit('i-1', 1);
  await rig.control.whenObserved('i-1', 'failed');
  await remove();
  await rig.control.whenObserved('i-1', undefined);
});
