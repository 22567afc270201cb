import { chmodSync, cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatToken } from '@pipecat-cloud/contract/token-format';
import type { Grant } from '@pipecat-cloud/contract/tokens';
import { afterAll, beforeAll } from 'vitest';
import type { Job } from './ci-files.js';
import type { Machine } from './ci-machines.js';
import { type Cloud, startCloud } from './cloud.js';
import { cleanUp, inRoot, temporaryFolder } from './paths.js';
import { signInOwner } from './person.js';
import { run } from './processes.js';
import { until } from './wait.js';

export const agent = 'my-agent';
/** Where our command line and the preflight stop, by what is wrong with the token: docs/exit-codes.md. */
export const refusals = {
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
export type Refusal = keyof typeof refusals;

type Tokens = Record<Refusal | 'good', string | undefined>;

export interface Ran {
  code: number | string;
  output: string;
  /** How many steps were begun. */
  begun: number;
}

/** An installation that the files of examples/ci deploy to, with good and bad tokens, for the tests of one file. */
export function useCiWorld() {
  let cloud: Cloud;
  let tokens: Tokens;
  beforeAll(async () => {
    cloud = await startCloud();
    tokens = await makeTokens(cloud);
  });
  afterAll(cleanUp);

  const agents = async () =>
    (await cloud.client(cloud.token()).listServices('my-team')).services.map(({ name }) => name);

  return {
    url: () => cloud.url,
    token: (kind: Refusal | 'good') => tokens[kind],
    agents,

    async removeAgent(): Promise<void> {
      if ((await agents()).includes(agent)) await cloud.client(cloud.token()).deleteService('my-team', agent);
      await until('the agent is gone', async () => !(await agents()).includes(agent));
    },

    /** Puts the scripts of examples/ci into a repository. */
    addScripts(folder: string): void {
      cpSync(inRoot('examples/ci'), join(folder, 'ci'), { recursive: true });
    },

    /** Runs the steps up to the first that fails. */
    async runJob(job: Job, token: string | undefined, machine: Machine, cwd: string): Promise<Ran> {
      const values: Record<string, string | undefined> = {
        PIPECAT_API_HOST: cloud.url,
        PIPECAT_ORG: 'my-team',
        PIPECAT_TOKEN: token,
      };
      const env: Record<string, string> = { HOME: temporaryFolder('home'), PATH: `${machine.bin}:/usr/bin:/bin` };
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
        writeFileSync(file, step);
        chmodSync(file, 0o755);
        begun += 1;
        const started = run(shell, [...options, file], { cwd, env: { ...env, ...machine.settings } });
        code = await started.ended;
        output += started.stdout() + started.stderr();
        if (code !== 0) break;
      }
      return { code, output, begun };
    },
  };
}

async function makeTokens(cloud: Cloud): Promise<Tokens> {
  const owner = await signInOwner(cloud);
  const { serviceAccount } = await owner.createServiceAccount('my-team', { name: 'ci', role: 'developer' });
  const make = async (name: string, grant: Grant, more: { expiresInDays?: number; expiresAt?: string } = {}) =>
    await owner.createServiceAccountToken('my-team', serviceAccount.id, { name, grant, ...more });
  const deploy: Grant = { preset: 'deploy', agents: [agent] };
  await owner.createOrganization({ name: 'their-team' });
  const elsewhere = await owner.createToken({ name: 'elsewhere', grant: { organizations: ['their-team'] } });
  const revoked = await make('revoked', deploy);
  await owner.revokeServiceAccountToken('my-team', serviceAccount.id, revoked.token.id);
  const soon = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
  // One that would have ended before it is made is refused.
  const expired = await until('a token is made that ends soon', () => make('expired', deploy, { expiresAt: soon(3) }));
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
