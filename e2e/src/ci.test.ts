import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { formatToken } from '@pipecat-cloud/contract/token-format';
import type { Grant } from '@pipecat-cloud/contract/tokens';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyAgent } from './support/agents.js';
import { containerJob, githubJob, gitlabJob, type Job, scriptJob } from './support/ci-files.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { missing, resources } from './support/environment.js';
import { cleanUp, inRoot, temporaryFolder } from './support/paths.js';
import { signInOwner } from './support/person.js';
import { run } from './support/processes.js';
import { until } from './support/wait.js';

// The lines of examples/ci, executed as the CI systems do: an empty home, and no variable but those that docs/ci.md names. Two things
// stand in for what is not there: the package's tarball for the registry that does not have it yet, and the machine itself for a
// container, whose command is run with the variables that `docker run` hands on.

const agent = 'my-agent';
const pages = readFileSync(inRoot('docs/ci.md'), 'utf8');
/** Where our command line and the preflight stop, by what is wrong with the token: docs/exit-codes.md. */
const refusals = {
  missing: 4,
  empty: 4,
  malformed: 5,
  wrong: 5,
  expired: 5,
  revoked: 5,
  'ending too soon': 5,
  narrow: 6,
  'of another agent': 6,
  'of another organization': 7,
} as const;
type Refusal = keyof typeof refusals;

let cloud: Cloud;
let tokens: Record<Refusal | 'good', string | undefined>;
let tarball: string;
/** The folder of a machine: `bin` is all that it has beyond the system. */
let nodeMachine: string;
let pythonMachine: string;

beforeAll(async () => {
  cloud = await startCloud();
  tokens = await makeTokens();
  tarball = await packCommandLine();
  nodeMachine = await makeNodeMachine();
});
afterAll(cleanUp);

async function makeTokens(): Promise<typeof tokens> {
  const owner = await signInOwner(cloud);
  const { serviceAccount } = await owner.createServiceAccount('my-team', { name: 'ci', role: 'developer' });
  const make = async (name: string, grant: Grant, more: { expiresInDays?: number; expiresAt?: string } = {}) =>
    await owner.createServiceAccountToken('my-team', serviceAccount.id, { name, grant, ...more });
  const deploy: Grant = { preset: 'deploy', agents: [agent] };
  await owner.createOrganization({ name: 'their-team' });
  const elsewhere = await owner.createToken({ name: 'elsewhere', grant: { organizations: ['their-team'] } });
  const revoked = await make('revoked', deploy);
  await owner.revokeServiceAccountToken('my-team', serviceAccount.id, revoked.token.id);
  const expired = await make('expired', deploy, { expiresAt: new Date(Date.now() + 2_000).toISOString() });
  const refused = () =>
    cloud
      .client(expired.value)
      .describeToken()
      .then(
        () => false,
        (error) => error.status === 401,
      );
  await until('the token has expired', refused);
  const good = (await make('deploy', deploy)).value;
  return {
    good,
    missing: undefined,
    empty: '',
    malformed: good.slice(0, -3),
    wrong: formatToken('serviceAccount', '3f9a1c7be2d0485196ac73e8b14f02d97c5e60ab'),
    expired: expired.value,
    revoked: revoked.value,
    'ending too soon': (await make('soon', deploy, { expiresInDays: 3 })).value,
    narrow: (await make('narrow', { preset: 'readOnly' })).value,
    'of another agent': (await make('other', { preset: 'deploy', agents: ['other-agent'] })).value,
    'of another organization': elsewhere.value,
  };
}

async function packCommandLine(): Promise<string> {
  const folder = temporaryFolder('package');
  const packed = run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: inRoot('packages/cli') });
  expect(await packed.ended, packed.stderr()).toBe(0);
  return join(folder, packed.stdout().trim());
}

/** As setup-node leaves it: a Node.js whose global packages are beside it. */
async function makeNodeMachine(): Promise<string> {
  const bin = join(temporaryFolder('machine'), 'bin');
  mkdirSync(bin);
  const node = realpathSync(process.execPath);
  try {
    linkSync(node, join(bin, 'node'));
  } catch {
    copyFileSync(node, join(bin, 'node')); // Another file system.
  }
  for (const name of ['npm', 'npx']) {
    const found = run('sh', ['-c', `command -v ${name}`], { env: { PATH: '/usr/local/bin:/usr/bin:/bin' } });
    await found.ended;
    symlinkSync(realpathSync(found.stdout().trim()), join(bin, name));
  }
  return bin;
}

/** As setup-python leaves it: a Python that `pip` puts packages into. */
async function makePythonMachine(): Promise<string> {
  const folder = temporaryFolder('machine');
  const made = run(resources.newestOfficial ?? 'python3', ['-m', 'venv', folder], {});
  expect(await made.ended, made.stderr()).toBe(0);
  return join(folder, 'bin');
}

/** The repository that is deployed, with what the files say is copied into it. */
function repository(): string {
  const folder = copyAgent('examples/echo');
  const file = join(folder, 'pcc-deploy.toml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('agent_name = "echo"', `agent_name = "${agent}"`));
  addScripts(folder);
  return folder;
}

/** One that the official command line takes: it refuses a deploy file with a table of ours. */
function officialRepository(): string {
  const folder = temporaryFolder('agent');
  writeFileSync(join(folder, 'pcc-deploy.toml'), `agent_name = "${agent}"\n`);
  writeFileSync(join(folder, 'Dockerfile'), 'FROM dailyco/pipecat-base:latest\nCOPY ./bot.py bot.py\n');
  writeFileSync(join(folder, 'bot.py'), 'async def bot(args):\n    pass\n');
  addScripts(folder);
  return folder;
}

function addScripts(folder: string): void {
  const scripts = join(folder, 'ci');
  cpSync(inRoot('examples/ci'), scripts, { recursive: true });
  for (const name of readdirSync(scripts)) {
    writeFileSync(join(scripts, name), withTarball(readFileSync(join(scripts, name), 'utf8')));
  }
}

/** The registry does not have the package yet. */
const withTarball = (text: string) => text.replaceAll(/@pipecat-cloud\/cli@\d+\.\d+\.\d+/g, tarball);

interface Ran {
  code: number | string;
  output: string;
  /** How many steps were begun. */
  begun: number;
}

/** Runs the steps up to the first that fails. */
async function runJob(job: Job, token: string | undefined, machine: string, cwd = repository()): Promise<Ran> {
  const values: Record<string, string | undefined> = {
    PIPECAT_API_HOST: cloud.url,
    PIPECAT_ORG: 'my-team',
    PIPECAT_TOKEN: token,
  };
  const env: Record<string, string> = { HOME: temporaryFolder('home'), PATH: `${machine}:/usr/bin:/bin` };
  for (const name of job.variables) {
    const value = values[name];
    if (value !== undefined) env[name] = value;
  }
  const [shell = 'sh', ...options] = job.shell;
  let output = '';
  let code: number | string = 0;
  let begun = 0;
  for (const step of job.steps) {
    const file = join(temporaryFolder('step'), 'step.sh');
    writeFileSync(file, withTarball(step));
    chmodSync(file, 0o755);
    begun += 1;
    const started = run(shell, [...options, file], { cwd, env: { ...env, ...machineSettings } });
    code = await started.ended;
    output += started.stdout() + started.stderr();
    if (code !== 0) break;
  }
  return { code, output, begun };
}

/** How this machine reaches the registry of Python packages, and a cache that outlives the empty home: no business of the job. */
const machineSettings = Object.fromEntries(
  [...Object.entries(process.env).filter(([name]) => /^(PIP_(?!TARGET|PREFIX|USER)|SSL_CERT)/.test(name))].map(
    ([name, value]) => [name, value ?? ''],
  ),
);
machineSettings.PIP_CACHE_DIR = inRoot('node_modules/.cache/pipecat-cloud/pip');

const agents = async () => (await cloud.client(cloud.token()).listServices('my-team')).services.map(({ name }) => name);
const removeAgent = async () => {
  if ((await agents()).includes(agent)) await cloud.client(cloud.token()).deleteService('my-team', agent);
  await until('the agent is gone', async () => !(await agents()).includes(agent));
};

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
  ['container.sh (its command, without a container)', () => containerJob('container.sh')],
];

describe.each(ours)('%s', (name, read) => {
  test.each(Object.entries(refusals))('is red when the token is %s: exit code %i', async (kind, code) => {
    const job = read();
    const ran = await runJob(job, tokens[kind as Refusal], nodeMachine);
    expect(ran.code, ran.output).toBe(code);
    // Installing comes first; the deploy is not begun.
    if (name.startsWith('github')) expect(ran.begun).toBe(2);
    expect(ran.output).not.toContain('is created');
    expect(await agents()).toEqual([]);
    const secret = tokens[kind as Refusal];
    if (secret) expect(ran.output).not.toContain(secret);
  });

  test('deploys with a good one', async () => {
    const { code, output } = await runJob(read(), tokens.good, nodeMachine);
    expect(code, output).toBe(0);
    expect(await agents()).toEqual([agent]);
    await removeAgent();
  }, 600_000);
});

const official: [string, () => Job][] = [
  ['github-actions-official.yml', () => githubJob('github-actions-official.yml')],
  ['gitlab-ci-official.yml', () => gitlabJob('gitlab-ci-official.yml')],
  ['deploy-official.sh', () => withOwnFolder(scriptJob('deploy-official.sh'))],
  ['container-official.sh (its command, without a container)', () => containerJob('container-official.sh')],
];
/** It is run where it stands, beside the preflight. */
const withOwnFolder = (job: Job): Job => ({ ...job, steps: ['exec sh ci/deploy-official.sh'] });
const noOfficial = missing('newestOfficial');

describe.skipIf(noOfficial).each(official)('%s', (name, read) => {
  beforeAll(async () => {
    pythonMachine ??= await makePythonMachine();
  });

  test.each(Object.entries(refusals))('is red when the token is %s: exit code %i', async (kind, code) => {
    const ran = await runJob(read(), tokens[kind as Refusal], pythonMachine, officialRepository());
    expect(ran.code, ran.output).toBe(code);
    // The preflight needs nothing that is installed, so nothing is.
    expect(ran.begun).toBe(1);
    expect(ran.output).not.toMatch(/[Dd]ownloading|[Ii]nstalling|Successfully/);
    expect(await agents()).toEqual([]);
    const secret = tokens[kind as Refusal];
    if (secret) expect(ran.output, name).not.toContain(secret);
  });

  test('deploys with a good one', async () => {
    const { code, output } = await runJob(read(), tokens.good, pythonMachine, officialRepository());
    expect(code, output).toBe(0);
    expect(await agents()).toEqual([agent]);
    await removeAgent();
  }, 600_000);
});

test.skipIf(missing('official'))(
  'the older official command line is green with a wrong token, hence the preflight',
  async () => {
    const env = {
      HOME: temporaryFolder('home'),
      PATH: '/usr/bin:/bin',
      PIPECAT_API_HOST: cloud.url,
      PIPECAT_ORG: 'my-team',
    };
    const pcc = join(resources.official ?? '', '..', 'pcc');
    expect(existsSync(pcc)).toBe(true);
    const started = run(pcc, ['auth', 'whoami'], { env: { ...env, PIPECAT_TOKEN: tokens.wrong ?? '' } });
    expect(await started.ended).toBe(0);
  },
);
