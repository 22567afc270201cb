import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEngine, type Engine } from '@pipecat-cloud/worker/engine/engine';
import { startRegistry } from '@pipecat-cloud/worker/testing/stand-in-registry';
import { agentImage } from '@pipecat-cloud/worker/testing/test-images';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sessionEnds, startSession } from './support/agents.js';
import { type Cli, createCli } from './support/cli.js';
import { missing, resources } from './support/environment.js';
import { createParts, type Parts } from './support/parts.js';
import { cleanUp, inRoot, temporaryFolder } from './support/paths.js';
import { allProcesses, commandOf } from './support/processes.js';
import { until } from './support/wait.js';

const lacking = missing('engine');

describe.skipIf(lacking)(`images that a worker builds${lacking ? ` (${lacking})` : ''}`, () => {
  const base = `pcc-test-base:${randomUUID()}`;
  const mark = randomUUID();
  const secret = `index-token-${mark}`;
  let engine: Engine;
  let parts: Parts;
  let cli: Cli;

  beforeAll(async () => {
    engine = createEngine({ url: resources.engine ?? '' });
    await agentImage(engine, base, inRoot('e2e/agents/probe/bot.ts'));
    parts = await createParts({
      env: {
        PIPECAT_CLOUD_WORKER_DRIVER: 'docker',
        PIPECAT_CLOUD_WORKER_ENGINE: resources.engine ?? '',
        // The base image of this test is made on this machine.
        PIPECAT_CLOUD_WORKER_BUILD_BASE_IMAGES: 'local',
        PIPECAT_CLOUD_WORKER_BUILD_CACHE_GIB: '0',
      },
    });
    await parts.start('server');
    await parts.start('worker');
    cli = createCli({ token: parts.token(), port: parts.port });
    await cli.ok(['secrets', 'set', 'index', `INDEX_TOKEN=${secret}`, '--yes']);
  });

  afterAll(async () => {
    for (const name of ['built', 'private', 'slow']) await cli?.(['agent', 'delete', name, '--force']);
    await parts?.close();
    for (const { Id } of await built()) await engine.request('DELETE', `/images/${Id}`, { query: { force: true } });
    await engine?.request('DELETE', `/images/${base}`, { query: { force: true } });
    await engine?.close();
    await cleanUp();
  });

  const built = () =>
    engine.request<{ Id: string; Labels: Record<string, string> }[]>('GET', '/images/json', {
      query: { filters: { label: [`e2e=${mark}`] } },
    });

  function folderOf(name: string, ...lines: string[]): string {
    const folder = temporaryFolder('agent');
    writeFileSync(join(folder, 'Dockerfile'), [`FROM ${base}`, `LABEL e2e=${mark}`, ...lines, ''].join('\n'));
    writeFileSync(join(folder, 'pcc-deploy.toml'), `agent_name = "${name}"\n[build]\nsecret_set = "index"\n`);
    return folder;
  }
  const run = (script: string, mounts = '') => `RUN ${mounts} ${JSON.stringify(['node', '-e', script])}`;

  test('a folder with a Dockerfile becomes a container, and a secret of its build is nowhere', async () => {
    const script =
      "const { readFileSync } = require('fs'); console.log('read ' + readFileSync('/run/secrets/INDEX_TOKEN'))";
    const mounts = '--mount=type=cache,target=/root/.cache --mount=type=secret,id=INDEX_TOKEN';
    const deployed = await cli.ok(['deploy', '--yes'], { cwd: folderOf('built', run(script, mounts)) });
    expect(deployed.stderr).toContain('read [redacted]');
    const session = await startSession(cli, 'built', { seconds: 0 });
    expect(await sessionEnds(cli, 'built', session)).toMatchObject({ endReason: 'completed' });
    const [image] = await built();
    const left = [
      await engine.request('GET', `/images/${image?.Id}/json`),
      await engine.request('GET', `/images/${image?.Id}/history`),
    ];
    expect(JSON.stringify(left)).toContain('INDEX_TOKEN');
    expect(JSON.stringify(left)).not.toContain(secret);
    const { builds } = await cli.json<{ builds: { imageSizeBytes?: number }[] }>(['build', 'list']);
    expect(builds[0]?.imageSizeBytes).toBeGreaterThan(1_000_000);
  });

  test('a private image that a Dockerfile names is had with a set, and refused without', async () => {
    const password = `hush-${mark}`;
    const registry = await startRegistry({ credentials: `ann:${password}` });
    const { Arch: architecture } = await engine.version();
    registry.put('team/private:1', 'of the private image', { architecture });
    const cwd = folderOf('private', `COPY --from=${registry.host}/team/private:1 /content /content`);
    const refused = await cli(['deploy', '--yes', '--json'], { cwd });
    expect(refused.code).toBe(1);
    expect(refused.stdout + refused.stderr).toMatch(/--build-credentials.*PCC_IMAGE_PULL_UNAUTHORIZED/);
    await cli.ok(['secrets', 'image-pull-secret', 'private', registry.host, '--stdin'], { input: `ann:${password}` });
    const deployed = await cli.ok(['deploy', '--yes', '--build-credentials', 'private'], { cwd });
    expect(deployed.stdout + deployed.stderr).not.toContain(password);
    await registry.close();
    const session = await startSession(cli, 'private', { seconds: 0 });
    expect(await sessionEnds(cli, 'private', session)).toMatchObject({ endReason: 'completed' });
    const { builds } = await cli.json<{ builds: { imagePullSecretSet?: string }[] }>(['build', 'list']);
    expect(builds[0]?.imagePullSecretSet).toBe('private');
  });

  test('a build outlives kill -9 of its worker, is cancelled, and nothing of it runs or stays', async () => {
    const script = `console.log('begun'); setTimeout(() => undefined, 600_000); // ${mark}`;
    const deploying = cli(['deploy', '--yes'], { cwd: folderOf('slow', run(script)) });
    const steps = () => allProcesses().filter((pid) => commandOf(pid).includes(`// ${mark}`));
    await until('the step runs', () => steps().length === 1);
    const [first] = steps();
    await parts.kill('worker');
    await parts.start('worker');
    await until('the step runs again, and alone', () => steps().length === 1 && steps()[0] !== first);
    const { builds } = await cli.json<{ builds: { id: string }[] }>(['build', 'list']);
    await cli.ok(['build', 'cancel', builds[0]?.id ?? '']);
    expect(await deploying).toMatchObject({ code: 1, stderr: expect.stringContaining('The build was cancelled') });
    await until('the step has ended', () => steps().length === 0);
    expect(await built()).toHaveLength(2);
  });
});
