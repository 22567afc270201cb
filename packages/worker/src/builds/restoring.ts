import { type Driver, DriverError } from '../drivers/driver.js';
import type { Builds } from './builds.js';

/**
 * The driver, with builds that are not here made before an instance of them is: made by another worker of the region, removed from the engine by
 * hand, or lost with the worker's folder.
 */
export function withMissingBuilds(driver: Driver, builds: Pick<Builds, 'restore'>): Driver {
  return {
    ...driver,
    async ensure(spec, signal) {
      try {
        await driver.ensure(spec, signal);
      } catch (error) {
        const { source } = spec;
        const missing = error instanceof DriverError && error.code === 'PCC_IMAGE_NOT_FOUND';
        if (!missing || source.type !== 'build') throw error;
        await builds.restore(source.buildId, error, signal);
        await driver.ensure(spec, signal);
      }
    },
  };
}
