import type { Driver } from './driver.js';
import type { ProcessDriverOptions } from './process/process-driver.js';

/** Makes the configured driver, loading only that one. Throws, naming those there are, for any other kind. */
export async function createDriver(kind: string, options: ProcessDriverOptions): Promise<Driver> {
  if (kind === 'process') {
    const { createProcessDriver } = await import('./process/process-driver.js');
    return createProcessDriver(options);
  }
  throw new Error(`there is no driver '${kind}' in this version; set it to 'process'`);
}
