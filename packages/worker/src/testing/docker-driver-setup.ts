import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createContainers } from '../drivers/docker/containers.js';
import { createDockerDriver } from '../drivers/docker/docker-driver.js';
import { ofInstallation } from '../drivers/docker/labels.js';
import type { DockerDriverOptions } from '../drivers/docker/options.js';
import type { Driver } from '../drivers/driver.js';
import { createEngine, type Engine } from '../engine/engine.js';
import type { DriverUnderTest } from './driver-tools.js';
import { agentFiles } from './process-driver-setup.js';
import { imageOf, testEngineUrl } from './test-images.js';

export type DockerSetup = Awaited<ReturnType<typeof createDockerSetup>>;

/** A Docker driver of a new installation on the engine for tests. `close()` leaves nothing of it in the engine. */
export async function createDockerSetup(change: Partial<DockerDriverOptions> = {}) {
  const url = testEngineUrl ?? '';
  const engine = createEngine({ url });
  const directory = await mkdtemp(join(tmpdir(), 'docker-driver-'));
  const installationId = `test-${randomUUID()}`;
  const options = (): DockerDriverOptions => ({
    engine: createEngine({ url }),
    directory,
    installationId,
    log: pino({ level: process.env.PIPECAT_CLOUD_TEST_LOG ?? 'silent' }),
    environment: { HTTP_PROXY_OF_TEST: 'http://proxy', PIPECAT_CLOUD_TEST: 'of-the-worker' },
    ...change,
  });
  let driver = await createDockerDriver(options());
  return {
    engine,
    installationId,
    directory,
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
    async close(): Promise<void> {
      await driver.close();
      await removeAll(engine, installationId);
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
    await createContainers(engine, installationId).remove(Id);
  }
  for (const { Id } of await engine.request<{ Id: string }[]>('GET', '/networks', { query: { filters } })) {
    await engine.request('DELETE', `/networks/${Id}`);
  }
}

/** The Docker driver as `describeDriver` wants it. Its one build is an image that is made once; how builds are made is tried elsewhere. */
export async function createDockerDriverUnderTest(): Promise<DriverUnderTest> {
  const buildId = 'b-made-once';
  const image = 'localhost/pcc-test-driver-agent:1';
  const builder: DockerDriverOptions['builder'] = {
    build: async () => ({}),
    imageOf: async (id) => (id === buildId ? image : undefined),
    forget: async () => undefined,
    kept: async () => [],
    close: async () => undefined,
  };
  const setup = await createDockerSetup({ builder });
  await imageOf(setup.engine, image, agentFiles);
  return {
    driver: setup.driver,
    buildId,
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
