import { expect, test } from 'vitest';
import { createProcessSetup } from '../testing/process-driver-setup.js';
import { createDriver } from './create-driver.js';

test('makes the process driver, and names it for any other kind', async () => {
  const setup = await createProcessSetup();
  const driver = await createDriver('process', setup.options);
  expect(driver.kind).toBe('process');
  await driver.close();
  await expect(createDriver('docker', setup.options)).rejects.toThrow("no driver 'docker'");
  await setup.close();
});
