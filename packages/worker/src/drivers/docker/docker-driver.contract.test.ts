import { describe, expect, test, vi } from 'vitest';
import { describeDriver } from '../../testing/contracts/driver.js';
import { createDockerDriverUnderTest, createDockerSetup } from '../../testing/docker-driver-setup.js';
import { testEngineUrl } from '../../testing/test-images.js';

describe.skipIf(!testEngineUrl)('with a container engine', () => {
  describeDriver('docker', createDockerDriverUnderTest);

  test('a driver closes its builder', async () => {
    const close = vi.fn(async () => undefined);
    const unused = async () => Promise.reject(new Error('not asked'));
    const setup = await createDockerSetup({
      builder: { build: unused, imageOf: unused, forget: unused, kept: async () => [], close },
    });
    await setup.close();
    expect(close).toHaveBeenCalledTimes(1);
  });
});
