import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createProcessSetup } from '../testing/process-driver-setup.js';
import { chooseDriver } from './choose-driver.js';
import { createDriver } from './create-driver.js';

describe('the driver', () => {
  let folder: string;
  let server: Server;
  let socket: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'choose-'));
    socket = join(folder, 'engine.sock');
    server = createServer((_, response) => {
      response.end(
        JSON.stringify({ ApiVersion: '1.41', MinAPIVersion: '1.12', Version: '20.10', Os: 'linux', Arch: 'amd64' }),
      );
    });
  });
  afterEach(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });
  const listen = () => new Promise<void>((resolve) => server.listen(socket, resolve));
  const environment = () => ({ DOCKER_HOST: `unix://${socket}` });

  test('is docker where an engine answers, with local agents beside it', async () => {
    await listen();
    const chosen = await chooseDriver({
      kind: undefined,
      engine: undefined,
      environment: environment(),
      directory: folder,
    });
    expect(chosen).toMatchObject({ kind: 'docker', engine: `unix://${socket}`, localAgents: true });
    expect(chosen.why).toContain('20.10');
  });

  test('is process where none does, and says why', async () => {
    const chosen = await chooseDriver({
      kind: undefined,
      engine: undefined,
      environment: environment(),
      directory: folder,
    });
    expect(chosen).toMatchObject({ kind: 'process', localAgents: true });
    expect(chosen.why).toContain(socket);
  });

  test('is not changed to process while containers may run in an engine that does not answer', async () => {
    const asked = { kind: undefined, engine: undefined, environment: environment(), directory: folder };
    await mkdir(join(folder, 'container-output/i-1'), { recursive: true });
    await expect(chooseDriver(asked)).rejects.toThrow('may be running in containers');
    expect(await chooseDriver({ ...asked, kind: 'process' })).toMatchObject({ kind: 'process' });
    await listen();
    expect(await chooseDriver(asked)).toMatchObject({ kind: 'docker' });
  });

  test('that is asked for is taken, or refused with the way out', async () => {
    const asked = { kind: 'docker' as const, engine: `unix://${socket}`, environment: {}, directory: folder };
    await expect(chooseDriver(asked)).rejects.toThrow('set PIPECAT_CLOUD_WORKER_DRIVER to process');
    await listen();
    expect(await chooseDriver(asked)).toMatchObject({ kind: 'docker', localAgents: false });
    expect(await chooseDriver({ ...asked, kind: 'process' })).toMatchObject({ kind: 'process' });
  });

  test('process is made without any engine', async () => {
    const setup = await createProcessSetup();
    const driver = await createDriver({ kind: 'process', localAgents: true, why: '' }, setup.options);
    expect(driver.kind).toBe('process');
    await driver.close();
    await setup.close();
  });
});
