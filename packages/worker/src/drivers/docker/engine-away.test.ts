import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createEngine, type Engine } from '../../engine/engine.js';
import { EngineTimeout } from '../../engine/engine-error.js';
import { type Rig, specOf, startRig } from '../../test-rig/rig.js';
import { createDockerSetup, type DockerSetup } from '../../testing/docker-driver-setup.js';
import { createEngineProxy } from '../../testing/engine-proxy.js';
import { makeObedientImage, obedientImage } from '../../testing/obedient-agent.js';
import { testEngineUrl } from '../../testing/test-images.js';

describe.skipIf(!testEngineUrl)('a worker whose container engine is away', { timeout: 180_000 }, () => {
  let proxy: Awaited<ReturnType<typeof createEngineProxy>>;
  /** A call that the engine never answers in time. */
  let unanswered: string | undefined;
  let setup: DockerSetup;
  let rig: Rig;
  beforeEach(async () => {
    proxy = await createEngineProxy(testEngineUrl ?? '');
    const engine = createEngine({ url: proxy.url, deadlineMs: 1_000 });
    unanswered = undefined;
    const request: Engine['request'] = async (method, path, more) => {
      if (path === unanswered) throw new EngineTimeout(engine.url, `${method} ${path}`, 1_000);
      return engine.request(method, path, more);
    };
    setup = await createDockerSetup({ engine: { ...engine, request } });
    await makeObedientImage(setup.engine);
    rig = await startRig({ wrapDriver: () => setup.driver });
    await rig.ready();
  });
  afterEach(async () => {
    proxy.comeBack();
    await rig.close();
    await setup.close();
    await proxy.close();
  });

  test.each(['leave', 'hang'] as const)('a deploy meanwhile is delayed and not failed (%s)', async (goes) => {
    proxy[goes]();
    await rig.control.command({
      do: 'ensure',
      spec: specOf('i-1', { source: { type: 'image', image: obedientImage } }),
    });
    await vi.waitFor(
      () =>
        expect(rig.control.instance('i-1')).toMatchObject({
          state: 'preparing',
          delayed: expect.stringMatching(/container engine .* (can't be reached|did not answer)/),
        }),
      { timeout: 60_000 },
    );
    proxy.comeBack();
    await vi.waitFor(() => expect(rig.control.instance('i-1')?.state).toBe('ready'), { timeout: 60_000 });
    const told = rig.control.messages.flatMap((message) => (message.type === 'observed' ? message.instances : []));
    expect(told.filter(({ state }) => state === 'failed')).toEqual([]);
  });

  test('an instance that the engine never answers for, while it answers otherwise, has failed with a reason', async () => {
    unanswered = '/containers/create';
    await rig.control.command({
      do: 'ensure',
      spec: specOf('i-1', { source: { type: 'image', image: obedientImage } }),
    });
    const failed = await rig.control.whenObserved('i-1', 'failed');
    expect(failed?.error?.message).toMatch(/did not answer in time 3 times .* while it answers otherwise/);
  });
});
