import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { formatToken } from '@pipecat-cloud/contract/token-format';
import type { Grant } from '@pipecat-cloud/contract/tokens';
import { createEngine, type Engine } from '@pipecat-cloud/worker/engine/engine';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyAgent } from './support/agents.js';
import { nodeStandIn, pythonStandIn } from './support/ci-images.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { missing, plainEnvironment, resources } from './support/environment.js';
import { packCommandLine } from './support/npm-registry.js';
import { cleanUp, inRoot, temporaryFolder } from './support/paths.js';
import { signInOwner } from './support/person.js';
import { preferredPort } from './support/ports.js';
import { run } from './support/processes.js';

// The files of examples/ci that say `docker run`, as they stand, with a real `docker` and a real engine. Their images are made here,
// under the names that the files use: no registry can be reached. So none has the package either, and its tarball stands in for it.

const agent = 'my-agent';
const noClient = spawnSync('docker', ['--version']).error ? 'there is no docker client' : undefined;
const lacking = missing('engine', 'newestOfficial') ?? noClient;

describe.skipIf(lacking)(`deploying from a container${lacking ? ` (${lacking})` : ''}`, () => {
  let engine: Engine;
  let cloud: Cloud;
  let url: string;
  let token: string;
  let archive: string;
  const made: string[] = [];
  beforeAll(async () => {
    engine = createEngine({ url: resources.engine ?? '' });
    archive = await packCommandLine();
    const python = resources.newestOfficial ?? '';
    if (await nodeStandIn(engine, 'node:24-slim')) made.push('node:24-slim');
    if (await pythonStandIn(engine, 'python:3.12-slim', python)) made.push('python:3.12-slim');
    const port = await preferredPort();
    url = `http://${addressOfThisMachine()}:${port}`;
    cloud = await startCloud({ port, env: { PIPECAT_CLOUD_HOST: '0.0.0.0', PIPECAT_CLOUD_PUBLIC_URL: url } });
    const owner = await signInOwner({ ...cloud, url });
    const { serviceAccount } = await owner.createServiceAccount('my-team', { name: 'ci', role: 'developer' });
    const grant: Grant = { preset: 'deploy', agents: [agent] };
    token = (await owner.createServiceAccountToken('my-team', serviceAccount.id, { name: 'deploy', grant })).value;
  });
  afterAll(async () => {
    for (const image of made) await engine.request('DELETE', `/images/${image}`, { query: { force: true } });
    await engine?.close();
    await cleanUp();
  });

  /** Runs a file as a machine with nothing but Docker does, in a repository that it was copied into. */
  async function runFile(name: string, value: string | undefined) {
    const repository = copyAgent('examples/echo');
    cpSync(inRoot('examples/ci'), join(repository, 'ci'), { recursive: true });
    const deployFile = join(repository, 'pcc-deploy.toml');
    replaceIn(deployFile, 'agent_name = "echo"', `agent_name = "${agent}"`);
    cpSync(archive, join(repository, 'ci/cli.tgz'));
    replaceIn(join(repository, 'ci/deploy.sh'), /@pipecat-cloud\/cli@\d+\.\d+\.\d+/, './ci/cli.tgz');
    const variables = {
      PIPECAT_API_HOST: url,
      PIPECAT_ORG: 'my-team',
      ...(value === undefined ? {} : { PIPECAT_TOKEN: value }),
    };
    const env = plainEnvironment({ HOME: temporaryFolder('home'), DOCKER_HOST: resources.engine ?? '', ...variables });
    const started = run('sh', [inRoot('examples/ci', name)], { cwd: repository, env });
    return { code: await started.ended, output: started.stdout() + started.stderr() };
  }

  const agents = async () =>
    (await cloud.client(cloud.token()).listServices('my-team')).services.map(({ name }) => name);
  const wrong = formatToken('serviceAccount', '3f9a1c7be2d0485196ac73e8b14f02d97c5e60ab');

  test.each([
    ['container.sh', 'wrong', wrong, 5],
    ['container-official.sh', 'missing', undefined, 4],
    ['container-official.sh', 'wrong', wrong, 5],
  ] as const)('%s is red when the token is %s', async (name, _, value, code) => {
    const ran = await runFile(name, value);
    expect(ran.code, ran.output).toBe(code);
    expect(ran.output).not.toContain(wrong);
    expect(await agents()).toEqual([]);
  });

  test('container.sh deploys with a good one, which the container gets by name', async () => {
    const ran = await runFile('container.sh', token);
    expect(ran.code, ran.output).toBe(0);
    expect(ran.output).not.toContain(token);
    expect(await agents()).toEqual([agent]);
  });
});

/** Where containers reach this machine: one of its addresses, be it that of the engine's bridge. */
function addressOfThisMachine(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const found = all.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (!found) throw new Error('This machine has no address but its own, which no container reaches');
  return found.address;
}

function replaceIn(file: string, what: string | RegExp, by: string): void {
  writeFileSync(file, readFileSync(file, 'utf8').replace(what, by));
}
