import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Rig, specOf, startRig, stopMarker } from '../test-rig/rig.js';

let rig: Rig;
let removable: boolean;
beforeEach(async () => {
  removable = true;
  rig = await startRig({
    timings: { capGraceMs: 60_000 },
    wrapDriver: (driver) => ({
      ...driver,
      async remove(instanceId, options) {
        if (!removable) throw new Error('it can not be removed now');
        await driver.remove(instanceId, options);
      },
    }),
  });
  await rig.ready();
});
afterEach(() => rig.close());

async function start(change = {}): Promise<void> {
  await rig.makeReady('i-1');
  await rig.activate({ instanceId: 'i-1', ...change });
  await rig.bot('i-1');
}
const lines = () => rig.control.reportsOf('logs').flatMap((report) => report.lines);
const lastWords = () => lines().filter(({ text }) => text.startsWith('[pipecat-cloud]'));
/** Its log is read on once the control plane has told its secrets anew. */
const ensure = () => rig.control.command({ do: 'ensure', spec: specOf('i-1') });
/** By then all of its log is acknowledged. */
async function remove(): Promise<void> {
  await rig.control.command({ do: 'remove', instanceId: 'i-1', graceSeconds: 0 });
  await rig.control.whenObserved('i-1', undefined);
}

test('an idle instance that ended while no worker looked has the line of how, once', async () => {
  await rig.makeReady('i-1');
  await rig.stopWorker();
  rig.world.print('i-1', 'boom\n');
  rig.world.exit('i-1', 3);
  await rig.startWorker();
  await ensure();
  await rig.control.whenReported('logs', ({ lines }) => lines.some(({ level }) => level === 'ERROR'));
  expect(lines().map(({ text }) => text)).toEqual(['boom', '[pipecat-cloud] The instance ended with exit code 3']);
  expect(lines()[1]).not.toHaveProperty('sessionId');
  await rig.stopWorker();
  await rig.startWorker();
  await ensure();
  await remove();
  expect(lastWords()).toHaveLength(1);
});

test('a session that ended with its instance has the line, also where the worker ended before that was acknowledged', async () => {
  await start();
  rig.control.behaviour.acknowledge = false;
  rig.world.exit('i-1', 3);
  await rig.control.whenReported('session-ended');
  await rig.stopWorker();
  rig.control.reports.length = 0;
  rig.control.behaviour.acknowledge = true;
  await rig.startWorker();
  await ensure();
  await remove();
  const text = '[pipecat-cloud] Session ended: The instance ended with exit code 3';
  expect(lastWords()).toMatchObject([{ text, sessionId: 's-1' }]);
});

/** What ends the instance, or lets it end, without anything to be said of it. */
const endings: Record<string, () => Promise<unknown>> = {
  async 'was stopped with its session'() {
    await start();
    await rig.control.command({ do: 'stop', instanceId: 'i-1', sessionId: 's-1', epoch: 1 });
    await rig.control.whenObserved('i-1', 'exited');
  },
  async 'was not ready in time'() {
    rig.agents.defaults.readyz = 503;
    await rig.control.command({ do: 'ensure', spec: specOf('i-1', { startTimeoutSeconds: 0.1 }) });
    await rig.control.whenObserved('i-1', 'failed');
  },
  async 'was being removed'() {
    await rig.makeReady('i-1');
    removable = false;
    await rig.control.command({ do: 'remove', instanceId: 'i-1', graceSeconds: 0 });
    await rig.control.whenObserved('i-1', 'exited');
  },
  async 'ended behind its bot'() {
    await start();
    rig.world.print('i-1', stopMarker('s-1'));
    rig.world.exit('i-1', 0);
    await rig.control.whenObserved('i-1', 'exited');
  },
  async 'ended behind its session'() {
    await start({ maxSessionSeconds: 0.05 });
    await rig.control.whenObserved('i-1', 'settling');
    rig.world.exit('i-1', 0);
    await rig.control.whenObserved('i-1', 'exited');
  },
  async 'may have been ended by a worker that can not read what it wrote'() {
    await rig.makeReady('i-1');
    await rig.stopWorker();
    rig.world.exit('i-1', 0);
    await writeFile(join(rig.workerDir, 'sessions', 'i-1.json'), '{"epoch":');
  },
};
test.each(Object.entries(endings))(
  'an instance that %s has no such line after a restart of the worker either',
  async (_, end) => {
    await end();
    await rig.stopWorker();
    removable = true;
    await rig.startWorker();
    await ensure();
    await remove();
    expect(lastWords()).toEqual([]);
  },
);

test('what an engine says of an end is left out as long as the secrets that it may hold are not known', async () => {
  await rig.makeReady('i-1', { environment: { KEY: 'super-secret-value' } });
  await rig.activate({ instanceId: 'i-1' });
  await rig.bot('i-1');
  await rig.stopWorker();
  rig.world.exit('i-1', 127, 'exec: super-secret-value: not found');
  await rig.startWorker();
  const [end] = await rig.control.whenReported('session-ended');
  expect(end).toMatchObject({ reason: 'instance_exited', detail: 'The instance ended with exit code 127' });
});
