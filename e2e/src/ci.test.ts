import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyAgent } from './support/agents.js';
import { containerJob, githubJob, gitlabJob, type Job, scriptJob } from './support/ci-files.js';
import { type Machine, makeNodeMachine } from './support/ci-machines.js';
import { agent, type Refusal, refusals, useCiWorld } from './support/ci-world.js';
import { startNpmRegistry } from './support/npm-registry.js';
import { inRoot } from './support/paths.js';

// The files of examples/ci as they stand, executed as the CI systems do: an empty home, and no variable but those that docs/ci.md names.
// A registry of the tests' own stands in for the one that does not have the package yet. What the containers run is run here on the
// machine itself; `ci-container.test.ts` does it with Docker.

const ci = useCiWorld();
const pages = readFileSync(inRoot('docs/ci.md'), 'utf8');
let registry: Awaited<ReturnType<typeof startNpmRegistry>>;
let nodeMachine: Machine;
beforeAll(async () => {
  registry = await startNpmRegistry();
  nodeMachine = await makeNodeMachine(registry.url);
});
afterAll(() => registry?.close());

/** The repository that is deployed, with what the files say is copied into it. */
function repository(): string {
  const folder = copyAgent('examples/echo');
  const file = join(folder, 'pcc-deploy.toml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('agent_name = "echo"', `agent_name = "${agent}"`));
  ci.addScripts(folder);
  return folder;
}

test('docs/ci.md names each file and each variable, and no file wants another', () => {
  for (const name of ['github-actions', 'github-actions-official', 'gitlab-ci', 'gitlab-ci-official']) {
    expect(pages).toContain(`examples/ci/${name}.yml`);
    const job = name.startsWith('github') ? githubJob(`${name}.yml`) : gitlabJob(`${name}.yml`);
    expect(new Set(job.variables)).toEqual(new Set(['PIPECAT_API_HOST', 'PIPECAT_ORG', 'PIPECAT_TOKEN']));
  }
  for (const name of ['deploy', 'deploy-official', 'container', 'container-official']) {
    expect(pages).toContain(`examples/ci/${name}.sh`);
  }
  for (const name of ['PIPECAT_API_HOST', 'PIPECAT_ORG', 'PIPECAT_TOKEN']) expect(pages).toContain(`\`${name}\``);
});

const ours: [string, () => Job][] = [
  ['github-actions.yml', () => githubJob('github-actions.yml')],
  ['gitlab-ci.yml', () => gitlabJob('gitlab-ci.yml')],
  ['deploy.sh', () => scriptJob('deploy.sh')],
];

test('container.sh runs deploy.sh in its container, with the same variables', () => {
  expect(containerJob('container.sh')).toEqual(scriptJob('deploy.sh'));
});

describe.each(ours)('%s', (name, read) => {
  test.each(Object.entries(refusals))('is red when the token is %s: exit code %i', async (kind, code) => {
    const job = read();
    const ran = await ci.runJob(job, ci.token(kind as Refusal), nodeMachine, repository());
    expect(ran.code, ran.output).toBe(code);
    // Installing comes first; the deploy is not begun.
    if (name.startsWith('github')) expect(ran.begun).toBe(2);
    expect(ran.output).not.toContain('is created');
    expect(await ci.agents()).toEqual([]);
    const secret = ci.token(kind as Refusal);
    if (secret) expect(ran.output).not.toContain(secret);
  });

  test('deploys with a good one', async () => {
    const { code, output } = await ci.runJob(read(), ci.token('good'), nodeMachine, repository());
    expect(code, output).toBe(0);
    expect(await ci.agents()).toEqual([agent]);
    await ci.removeAgent();
  }, 600_000);
});
