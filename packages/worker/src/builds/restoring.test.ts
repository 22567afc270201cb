import { afterEach, describe, expect, test, vi } from 'vitest';
import { type Rig, type RigOptions, specOf } from '../test-rig/rig.js';
import { building, contextSha256, orderBuild, startBuildRig } from '../testing/build-rig.js';

let rig: Rig;
afterEach(() => rig.close());

const wait = { interval: 5 };

const start = async (options?: RigOptions) => {
  rig = await startBuildRig(options);
};
const order = (buildId?: string, change?: object) => orderBuild(rig, buildId, change);
const whenFinished = async (count = 1) =>
  (await rig.control.whenReported('build-finished', undefined, count))[count - 1];

describe('an instance of a build that is not here', () => {
  const source = { type: 'build', buildId: 'b-1', contextSha256, dockerfilePath: 'Dockerfile' } as const;
  const ensure = (instanceId = 'i-1') => rig.control.command({ do: 'ensure', spec: specOf(instanceId, { source }) });
  const asked = () => rig.control.messages.filter(({ type }) => type === 'build-missing');
  const whenAsked = (times: number) => vi.waitFor(() => expect(asked()).toHaveLength(times), wait);

  test('waits until it is made again, also when the worker knows it as made', async () => {
    await start();
    await order();
    await whenFinished();
    rig.world.loseBuild('b-1');
    await ensure();
    await whenAsked(1);
    expect(asked()).toEqual([{ type: 'build-missing', buildId: 'b-1' }]);
    await order();
    await rig.control.whenObserved('i-1', 'ready');
  });

  test('fails with what was missing when nobody orders it', async () => {
    await start({ timings: { orderMs: 20 } });
    await ensure();
    expect(await rig.control.whenObserved('i-1', 'failed')).toMatchObject({
      error: { code: 'PCC_IMAGE_NOT_FOUND', message: 'Build b-1 is not on this worker.' },
    });
  });

  test('fails with the reason when it can not be made', async () => {
    await start();
    rig.control.contexts.clear();
    await ensure();
    await whenAsked(1);
    await order();
    expect(await rig.control.whenObserved('i-1', 'failed')).toMatchObject({
      error: { code: 'PCC_IMAGE_NOT_FOUND', message: expect.stringContaining('making it again failed') },
    });
  });

  test('that is removed waits no more', async () => {
    await start();
    await ensure();
    await whenAsked(1);
    await rig.control.command({ do: 'remove', instanceId: 'i-1', graceSeconds: 0 });
    await vi.waitFor(() => {
      const last = rig.control.messages.findLast(({ type }) => type === 'observed');
      expect(last).toMatchObject({ instances: [] });
    }, wait);
  });

  test('is told of its lines above those of the first time', async () => {
    await start();
    await order();
    await whenFinished();
    rig.world.loseBuild('b-1');
    await ensure();
    await whenAsked(1);
    await order();
    await whenFinished(2);
    const [first, second] = rig.control.reportsOf('build-logs').flatMap(({ lines }) => lines);
    expect(second?.position).toBeGreaterThan(first?.position ?? Number.NaN);
  });

  test('is made again as often as it is lost', async () => {
    await start();
    for (let times = 1; times <= 7; times++) {
      await ensure(`i-${times}`);
      await whenAsked(times);
      await order();
      expect(await whenFinished(times)).toMatchObject({ outcome: 'success' });
      await rig.control.whenObserved(`i-${times}`, 'ready');
      rig.world.loseBuild('b-1');
    }
  });

  test('gives up where making it ends the worker again and again', async () => {
    let attempts = 0;
    const forever = (signal: AbortSignal) => new Promise((_, reject) => signal.addEventListener('abort', reject));
    await start(building(async (...[, , , signal]) => (++attempts === 1 ? undefined : await forever(signal))));
    await order();
    await whenFinished();
    for (let times = 1; times <= 5; times++) {
      await ensure(`i-${times}`);
      await whenAsked(1);
      await order();
      await rig.control.whenReported('build-started', undefined, times + 1);
      await rig.stopWorker();
      await rig.startWorker();
    }
    for (let times = 1; times <= 2; times++) {
      await ensure(`given-up-${times}`);
      await whenAsked(times);
      await order();
      expect(await rig.control.whenObserved(`given-up-${times}`, 'failed')).toMatchObject({
        error: { code: 'PCC_IMAGE_NOT_FOUND', message: expect.stringContaining('begun 5 times') },
      });
    }
    expect(attempts).toBe(6);
  });
});
