import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createEngine, type Engine } from '@pipecat-cloud/worker/engine/engine';
import { agentImage } from '@pipecat-cloud/worker/testing/test-images';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { logsHave, sessionEnds, sessionOf, startSession } from './support/agents.js';
import { type Cli, createCli } from './support/cli.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { listOfInstallation } from './support/containers.js';
import { missing, resources } from './support/environment.js';
import { cleanUp, inRoot } from './support/paths.js';
import { until } from './support/wait.js';

interface Listed {
  Id: string;
  State: string;
  ImageID: string;
}

const lacking = missing('engine');

describe.skipIf(lacking)(`an installation that runs agents in containers${lacking ? ` (${lacking})` : ''}`, () => {
  const image = `pcc-test-probe:${randomUUID()}`;
  let engine: Engine;
  let cloud: Cloud;
  let cli: Cli;
  beforeAll(async () => {
    engine = createEngine({ url: resources.engine ?? '' });
    await agentImage(engine, image, inRoot('e2e/agents/probe/bot.ts'));
    cloud = await startCloud({
      env: { PIPECAT_CLOUD_WORKER_DRIVER: 'docker', PIPECAT_CLOUD_WORKER_ENGINE: resources.engine ?? '' },
    });
    cli = createCli({ token: cloud.token(), port: cloud.port });
  });
  afterAll(async () => {
    await cloud?.stop();
    await engine?.request('DELETE', `/images/${image}`, { query: { force: true } });
    await engine?.close();
    await cleanUp();
  });

  const ofThisInstallation = <T>(path: string) => listOfInstallation<T>(engine, cloud.dataDir, path);
  const containers = () => ofThisInstallation<Listed>('/containers/json');

  test('the start says that agents run in containers, and why', () => {
    expect(cloud.process.stdout()).toMatch(/^Driver {13}docker: the engine \S+ at unix:/m);
  });

  test('an image is deployed, its sessions have a container each, and a stopped one ends with it', async () => {
    await cli.ok(['deploy', 'probe', image, '--yes']);
    const [first, second] = [
      await startSession(cli, 'probe', { seconds: 3600 }),
      await startSession(cli, 'probe', { seconds: 3600 }),
    ];
    await logsHave(cli, 'probe', first, 'beat 1\n');
    await logsHave(cli, 'probe', second, 'beat 1\n');
    const running = (await containers()).filter(({ State }) => State === 'running');
    expect(running.length).toBeGreaterThanOrEqual(2);
    await cli.ok(['agent', 'stop', 'probe', '--session-id', first, '--force']);
    expect(await sessionEnds(cli, 'probe', first)).toMatchObject({ endReason: 'stopped' });
    expect(await sessionOf(cli, 'probe', second)).toMatchObject({ state: 'active' });
    await cli.ok(['agent', 'stop', 'probe', '--session-id', second, '--force']);
    await sessionEnds(cli, 'probe', second);
  });

  test('a session goes on in its container while the worker is killed, with all of its log, and ends once', async () => {
    const session = await startSession(cli, 'probe', { seconds: 6 });
    await logsHave(cli, 'probe', session, 'beat 1\n');
    const before = (await containers()).map(({ Id }) => Id);
    await cloud.kill('worker');
    await until('the worker runs again', () => cloud.pid('worker') !== undefined);
    expect(await sessionEnds(cli, 'probe', session)).toMatchObject({ endReason: 'completed' });
    const log = await logsHave(cli, 'probe', session, 'the probe is done');
    const beats = [...log.matchAll(/beat (\d+)$/gm)].map(([, count]) => Number(count));
    expect(beats).toEqual(Array.from({ length: beats.length }, (_, index) => index + 1));
    const after = new Set((await containers()).map(({ Id }) => Id));
    expect(before.some((id) => after.has(id))).toBe(true);
  });

  test('an image that no registry has is told with its code', async () => {
    const registry = createServer((request, response) => {
      response.writeHead(request.url === '/v2/' ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] }));
    });
    await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
    const absent = `127.0.0.1:${(registry.address() as AddressInfo).port}/team/absent:1`;
    const failed = await cli(['deploy', 'absent', absent, '--yes']);
    expect(failed.code).not.toBe(0);
    expect(failed.stdout + failed.stderr).toContain('PCC_IMAGE_NOT_FOUND');
    registry.close();
  });

  test('when it is stopped, nothing of it is left in the engine', async () => {
    expect(await cloud.stop()).toBe(0);
    expect(await containers()).toEqual([]);
    expect(await ofThisInstallation('/networks')).toEqual([]);
  });
});
