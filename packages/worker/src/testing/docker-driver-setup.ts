import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pino } from 'pino';
import { createImageBuilder } from '../builds/images/image-builder.js';
import { createDockerDriver } from '../drivers/docker/docker-driver.js';
import { ofInstallation } from '../drivers/docker/labels.js';
import type { DockerDriverOptions } from '../drivers/docker/options.js';
import type { Driver } from '../drivers/driver.js';
import { createEngine, type Engine } from '../engine/engine.js';
import { isStatus } from '../engine/engine-error.js';
import { type DriverUnderTest, never, orderOf } from './driver-tools.js';
import { agentFiles, contextOf } from './process-driver-setup.js';
import { dockerfileOf, testEngineUrl } from './test-images.js';

export type DockerSetup = Awaited<ReturnType<typeof createDockerSetup>>;

/** A Docker driver of a new installation on the engine for tests. `close()` leaves nothing of it in the engine. */
export async function createDockerSetup(change: Partial<DockerDriverOptions> = {}) {
  const url = testEngineUrl ?? '';
  const engine = createEngine({ url });
  const directory = await mkdtemp(join(tmpdir(), 'docker-driver-'));
  const installationId = `test-${randomUUID()}`;
  // Base images of tests are made here, since no registry can be reached.
  const builder = await createImageBuilder({
    ...{ engine, directory, installationId, log: pino({ level: 'silent' }) },
    baseImages: 'local',
    cacheLimitBytes: 0,
  });
  const options = (): DockerDriverOptions => ({
    engine: createEngine({ url }),
    directory,
    installationId,
    log: pino({ level: process.env.PIPECAT_CLOUD_TEST_LOG ?? 'silent' }),
    builder,
    environment: { HTTP_PROXY_OF_TEST: 'http://proxy', PIPECAT_CLOUD_TEST: 'of-the-worker' },
    ...change,
  });
  let driver = await createDockerDriver(options());
  return {
    engine,
    installationId,
    directory,
    builder,
    get driver(): Driver {
      return driver;
    },
    async restart(): Promise<Driver> {
      await driver.close();
      driver = await createDockerDriver(options());
      return driver;
    },
    /** A second driver of the same installation is not allowed; one of another shares the engine. */
    another: (other: Partial<DockerDriverOptions>): Promise<Driver> => createDockerDriver({ ...options(), ...other }),
    async build(files: Record<string, string> = agentFiles): Promise<string> {
      const context = await contextOf({ ...files, Dockerfile: await dockerfileOf(engine) });
      const order = orderOf(context);
      await driver.build(
        order,
        async () => Readable.from([context]),
        () => undefined,
        never,
      );
      return order.buildId;
    },
    async close(): Promise<void> {
      await driver.close();
      await removeAll(engine, installationId);
      for (const buildId of await builder.kept()) await builder.forget(buildId);
      await engine.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Removes what an installation has in an engine. */
export async function removeAll(engine: Engine, installationId: string): Promise<void> {
  const filters = ofInstallation(installationId);
  const containers = await engine.request<{ Id: string }[]>('GET', '/containers/json', {
    query: { all: true, filters },
  });
  for (const { Id } of containers) {
    await engine.request('DELETE', `/containers/${Id}`, { query: { force: true, v: true } }).catch((error) => {
      if (!isStatus(error, 404, 409)) throw error;
    });
  }
  for (const { Id } of await engine.request<{ Id: string }[]>('GET', '/networks', { query: { filters } })) {
    await engine.request('DELETE', `/networks/${Id}`);
  }
}

/** The Docker driver as `describeDriver` wants it. */
export async function createDockerDriverUnderTest(): Promise<DriverUnderTest> {
  const setup = await createDockerSetup();
  return {
    driver: setup.driver,
    buildId: await setup.build(),
    context: await contextOf({ ...agentFiles, Dockerfile: await dockerfileOf(setup.engine) }),
    restart: setup.restart,
    async print({ address }, output) {
      await post(address, '/print', output);
    },
    async exit({ address }, code) {
      await post(address, `/exit?code=${code}`);
    },
    close: setup.close,
  };
}

export async function post(address: string, path: string, body: Uint8Array = new Uint8Array()): Promise<string> {
  const response = await fetch(`${address}${path}`, { method: 'POST', body: new Uint8Array(body) });
  return response.text();
}
