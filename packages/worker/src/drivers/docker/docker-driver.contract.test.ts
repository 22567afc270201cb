import { describe } from 'vitest';
import { describeDriver } from '../../testing/contracts/driver.js';
import { createDockerDriverUnderTest } from '../../testing/docker-driver-setup.js';
import { testEngineUrl } from '../../testing/test-images.js';

describe.skipIf(!testEngineUrl)('with a container engine', () => {
  describeDriver('docker', createDockerDriverUnderTest);
});
