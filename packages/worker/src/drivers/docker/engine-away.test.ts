import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createEngine } from '../../engine/engine.js';
import { type Rig, specOf, startRig } from '../../test-rig/rig.js';
import { createDockerSetup, type DockerSetup } from '../../testing/docker-driver-setup.js';
import { createEngineProxy } from '../../testing/engine-proxy.js';
import { makeObedientImage, obedientImage } from '../../testing/obedient-agent.js';
import { testEngineUrl } from '../../testing/test-images.js';

describe.skipIf(!testEngineUrl)('a worker whose container engine is away', { timeout: 180_000 }, () => {
  let proxy: Awaited<ReturnType<typeof createEngineProxy>>;
  let setup: DockerSetup;
  let rig: Rig;
  beforeEach(async () => {
    proxy = await createEngineProxy(testEngineUrl ?? '');
    setup = await createDockerSetup({ engine: createEngine({ url: proxy.url, deadlineMs: 1_000 }) });
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
});
