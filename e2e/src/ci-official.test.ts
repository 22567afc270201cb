import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { containerJob, githubJob, gitlabJob, type Job, scriptJob } from './support/ci-files.js';
import { type Machine, makePythonMachine } from './support/ci-machines.js';
import { agent, type Refusal, refusals, useCiWorld } from './support/ci-world.js';
import { missing, resources } from './support/environment.js';
import { temporaryFolder } from './support/paths.js';
import { run } from './support/processes.js';

// The same with the command line that others publish, whose files check the token by themselves before they install it.

const ci = useCiWorld();
let pythonMachine: Machine;

/** One that the official command line takes: it refuses a deploy file with a table of ours. */
function officialRepository(): string {
  const folder = temporaryFolder('agent');
  writeFileSync(join(folder, 'pcc-deploy.toml'), `agent_name = "${agent}"\n`);
  writeFileSync(join(folder, 'Dockerfile'), 'FROM dailyco/pipecat-base:latest\nCOPY ./bot.py bot.py\n');
  writeFileSync(join(folder, 'bot.py'), 'async def bot(args):\n    pass\n');
  ci.addScripts(folder);
  return folder;
}

const official: [string, () => Job][] = [
  ['github-actions-official.yml', () => githubJob('github-actions-official.yml')],
  ['gitlab-ci-official.yml', () => gitlabJob('gitlab-ci-official.yml')],
  ['deploy-official.sh', () => scriptJob('deploy-official.sh')],
];
const noOfficial = missing('newestOfficial');

test('container-official.sh runs deploy-official.sh in its container, with the same variables', () => {
  expect(containerJob('container-official.sh')).toEqual(scriptJob('deploy-official.sh'));
});

describe.skipIf(noOfficial).each(official)('%s', (name, read) => {
  beforeAll(async () => {
    pythonMachine ??= await makePythonMachine();
  });

  test.each(Object.entries(refusals))('is red when the token is %s: exit code %i', async (kind, code) => {
    const ran = await ci.runJob(read(), ci.token(kind as Refusal), pythonMachine, officialRepository());
    expect(ran.code, ran.output).toBe(code);
    // The preflight needs nothing that is installed, so nothing is.
    expect(ran.begun).toBe(1);
    expect(ran.output).not.toMatch(/[Dd]ownloading|[Ii]nstalling|Successfully/);
    expect(await ci.agents()).toEqual([]);
    const secret = ci.token(kind as Refusal);
    if (secret) expect(ran.output, name).not.toContain(secret);
  });

  test('deploys with a good one', async () => {
    const { code, output } = await ci.runJob(read(), ci.token('good'), pythonMachine, officialRepository());
    expect(code, output).toBe(0);
    expect(await ci.agents()).toEqual([agent]);
    await ci.removeAgent();
  }, 600_000);
});

test.skipIf(missing('official'))(
  'the older official command line is green with a wrong token, hence the preflight',
  async () => {
    const env = {
      HOME: temporaryFolder('home'),
      PATH: '/usr/bin:/bin',
      PIPECAT_API_HOST: ci.url(),
      PIPECAT_ORG: 'my-team',
    };
    const pcc = join(resources.official ?? '', '..', 'pcc');
    expect(existsSync(pcc)).toBe(true);
    const started = run(pcc, ['auth', 'whoami'], { env: { ...env, PIPECAT_TOKEN: ci.token('wrong') ?? '' } });
    expect(await started.ended).toBe(0);
  },
);
