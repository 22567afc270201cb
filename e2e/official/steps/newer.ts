import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { plainEnvironment } from '../../src/support/environment.js';
import { inRoot, temporaryFolder } from '../../src/support/paths.js';
import { run } from '../../src/support/processes.js';
import { until } from '../../src/support/wait.js';
import type { Step } from '../results.js';
import type { Track } from '../track.js';
import type { World } from '../world.js';

const notLinked = 'This organization is not linked to GitHub';
const yes = (question: string) => ({ answers: [[question, 'y']] }) as const;
const at = <T>({ api, org }: Track, path: string) => api.request<T>('GET', `/v1/organizations/${org}/${path}`);

interface OwnRegion {
  display_name: string;
  supported_architectures: string[];
  workers: { connected: boolean }[];
}

/** A machine of the organization's own region, with a secret set that stays on it. Resolves once it is connected. */
async function startWorker(world: World, track: Track, token: string) {
  const folder = temporaryFolder('worker');
  writeFileSync(join(folder, 'enrolment'), token, { mode: 0o600 });
  mkdirSync(join(folder, 'secrets'), { mode: 0o700 });
  writeFileSync(join(folder, 'secrets/on-the-machine.env'), 'KEY=value\n', { mode: 0o600 });
  const worker = run(process.execPath, [inRoot('packages/worker/dist/main.js')], {
    env: plainEnvironment({
      HOME: folder,
      PIPECAT_CLOUD_CONTROL_URL: `http://127.0.0.1:${world.cloud.port}`,
      PIPECAT_CLOUD_DATA_DIR: folder,
      PIPECAT_CLOUD_WORKER_DIR: join(folder, 'worker'),
      PIPECAT_CLOUD_WORKER_SECRETS_DIR: join(folder, 'secrets'),
      PIPECAT_CLOUD_WORKER_ENROLMENT_FILE: join(folder, 'enrolment'),
    }),
  });
  await until('the worker is connected', async () => {
    if (!worker.running()) throw new Error(`the worker ended: ${worker.stdout()}${worker.stderr()}`);
    return (await at<OwnRegion>(track, 'regions/pce-lab')).workers.some(({ connected }) => connected);
  });
  return worker;
}

/** The life of an organization's own region, from its registration to its end. */
const regionSteps = (world: World): readonly Step[] => [
  [
    'regions register',
    async (track) => {
      const text = await track.ok([
        ...['regions', 'register', 'pce-lab', '--display-name', 'The lab', '--architectures', 'amd64,arm64'],
        ...['--default-architecture', 'amd64', '--workloads-namespace', 'bots'],
      ]);
      expect(text).toContain("Region 'pce-lab' registered");
      const region = await at<OwnRegion>(track, 'regions/pce-lab');
      expect(region).toMatchObject({ display_name: 'The lab', supported_architectures: ['amd64', 'arm64'] });
      // What is left out keeps its value.
      await track.ok(['regions', 'register', 'pce-lab', '--default-architecture', 'arm64', '--display-name', 'Lab']);
      expect(await at<OwnRegion>(track, 'regions/pce-lab')).toMatchObject({
        display_name: 'Lab',
        supported_architectures: ['amd64', 'arm64'],
      });
      expect(await track.ok(['regions', 'list'])).toMatch(/pce-lab Lab amd64, arm64 arm64/);
    },
  ],
  [
    'regions show',
    async (track) => {
      const text = await track.ok(['regions', 'show', 'pce-lab']);
      expect(text).toContain('Region key pce-lab Display name Lab Enrollment status pending');
      expect(text).toContain('Workloads namespace bots');
      expect(await track.fails(['regions', 'show', 'pce-none'])).toContain("Region 'pce-none' not found");
    },
  ],
  [
    'regions enroll-token',
    async (track) => {
      const text = await track.ok(['regions', 'enroll-token', 'pce-lab']);
      expect(text).toContain("One-time enrollment token minted for 'pce-lab'");
      const token = /--from-literal=token=(\S+)/.exec(text)?.[1] ?? '';
      track.known.worker = String((await startWorker(world, track, token)).pid);
      expect(await track.ok(['regions', 'show', 'pce-lab'])).toContain('Enrollment status enrolled');
      return 'a worker was enrolled with the token';
    },
  ],
  [
    'secrets reference',
    async (track) => {
      const text = await track.ok(['secrets', 'reference', 'on-the-machine', '--region', 'pce-lab']);
      expect(text).toContain("Secret 'on-the-machine' referenced in pce-lab");
      expect(await track.ok(['secrets', 'list'])).toContain('on-the-machine pce-lab ready');
      const set = await track.fails(['secrets', 'set', 'on-the-machine', 'A=b', '--skip']);
      expect(set).toContain('is a referenced secret set');
      expect(await track.fails(['secrets', 'reference', 'elsewhere', '--region', 'pce-lab'])).toContain('elsewhere');
      const shared = await track.fails(['secrets', 'reference', 'on-the-machine', '--region', 'us-west']);
      expect(shared).toContain('is shared by all organizations');
      await track.ok(['secrets', 'delete', 'on-the-machine', '--skip']);
    },
  ],
  [
    'regions delete',
    async (track) => {
      process.kill(Number(track.known.worker), 'SIGTERM');
      const text = await track.ok(['regions', 'delete', 'pce-lab'], yes("Revoke region 'pce-lab'?"));
      expect(text).toContain("Region 'pce-lab' revoked");
      await expect(at(track, 'regions/pce-lab')).rejects.toMatchObject({ status: 404 });
      if (!track.thorough) return;
      // Stays, for the narrow token.
      await track.ok(['regions', 'register', 'pce-kept', '--display-name', 'Kept']);
    },
  ],
];

const profileSteps: readonly Step[] = [
  [
    'agent profiles create',
    async (track) => {
      const create = ['agent', 'profiles', 'create', 'small', '--cpu', '250m', '--memory', '256Mi'];
      expect(await track.ok([...create, '--display-name', 'Small'])).toContain("Created agent profile 'small'");
      expect(await track.fails(create)).toContain("'small'");
    },
  ],
  [
    'agent profiles list',
    async (track) => {
      const text = await track.ok(['agent', 'profiles', 'list']);
      expect(text).toMatch(/agent-1x .* agent-2x .* small Small/);
    },
  ],
  [
    'agent profiles update',
    async (track) => {
      const update = ['agent', 'profiles', 'update', 'small'];
      const text = await track.ok([...update, '--cpu', '300m', '--memory', '300Mi', '--display-name', 'Smaller']);
      expect(text).toContain("Updated agent profile 'small'");
      const { agentProfiles } = await at<{ agentProfiles: object[] }>(track, 'agent-profiles');
      const small = { apiName: 'small', displayName: 'Smaller', resources: { cpu: '300m', memory: '300Mi' } };
      expect(agentProfiles).toContainEqual(expect.objectContaining(small));
      expect(await track.fails([...update.slice(0, -1), 'agent-1x', '--display-name', 'Mine'])).toContain('agent-1x');
    },
  ],
  [
    'agent profiles disable',
    async (track) => {
      expect(await track.ok(['agent', 'profiles', 'disable', 'small'])).toContain("Disabled agent profile 'small'");
      const { build = '' } = track.known;
      const deploy = ['deploy', 'profiled', '--build-id', build, '--yes', '--profile', 'small'];
      expect(await track.fails(deploy)).toContain("'small'");
    },
  ],
  [
    'agent profiles enable',
    async (track) => {
      expect(await track.ok(['agent', 'profiles', 'enable', 'small'])).toContain("Enabled agent profile 'small'");
      const { agentProfiles } = await at<{ agentProfiles: object[] }>(track, 'agent-profiles');
      expect(agentProfiles).toContainEqual(expect.objectContaining({ apiName: 'small', enabled: true }));
    },
  ],
];

const spendSteps: readonly Step[] = [
  [
    'spend-limit show',
    async (track) => {
      expect(await track.ok(['spend-limit', 'show'])).toMatch(/no limit set|No spend-limit data/);
    },
  ],
  [
    'spend-limit set',
    async (track) => {
      expect(await track.ok(['spend-limit', 'set', '12.34'])).toContain(`'${track.org}' set to $12.34`);
      expect(await at(track, 'spend-limit')).toMatchObject({ limitCents: 1234, blocked: false });
      const shown = JSON.parse((await track.run(['spend-limit', 'show', '--json'])).stdout) as object;
      expect(shown).toMatchObject({ limitCents: 1234, organization: track.org });
      await track.ok(['spend-limit', 'set', '0'], yes('blocks all new sessions'));
      const { firstKey = '' } = track.known;
      const refused = await track.fails(['agent', 'start', 'bot', '--force', '--api-key', firstKey]);
      expect(refused).toContain('Spend limit reached (402): Your organization has reached its spend limit');
    },
  ],
  [
    'spend-limit clear',
    async (track) => {
      expect(await track.ok(['spend-limit', 'clear', '--yes'])).toContain(`Spend limit for '${track.org}' cleared`);
      expect(await at(track, 'spend-limit').catch(() => ({ limitCents: null }))).toMatchObject({ limitCents: null });
    },
  ],
];

const registrySteps: readonly Step[] = [
  [
    'organizations registry-keys mint',
    async (track) => {
      const text = await track.fails(['organizations', 'registry-keys', 'mint', '--name', 'workstation']);
      expect(text).toContain('This installation has no registry of its own');
      return 'refused: there is no registry whose keys they were';
    },
  ],
  [
    'organizations registry-keys list',
    async (track) => {
      expect(await track.ok(['organizations', 'registry-keys', 'list', '--all'])).toContain('No registry keys');
      return 'there are none';
    },
  ],
  [
    'organizations registry-keys revoke',
    async (track) => {
      expect(await track.fails(['organizations', 'registry-keys', 'revoke', 'nothing', '--force'])).toContain(
        'nothing',
      );
      return 'there are none';
    },
  ],
];

const unlinked = (command: string, ...args: readonly string[]): Step => [
  command,
  async (track) => {
    expect(await track.fails([...command.split(' '), ...args])).toContain(notLinked);
    return 'answers that the organization is not linked, and what to do instead';
  },
];

const githubSteps: readonly Step[] = [
  [
    'github status',
    async (track) => {
      expect(await track.ok(['github', 'status'])).toContain(`Organization '${track.org}' is not connected to GitHub`);
    },
  ],
  [
    'github connect',
    async (track) => {
      const nothing = 'This installation has no GitHub App';
      expect(await track.fails(['github', 'connect'])).toContain(nothing);
      expect(await track.fails(['github', 'connect', '--existing'])).toContain(nothing);
      return 'refused: there is no GitHub App to connect to';
    },
  ],
  unlinked('github disconnect', '--yes'),
  unlinked('github repos'),
  unlinked('github branches', 'acme/bot', '--query', 'ma'),
  unlinked('agent link', 'bot', '--repo', 'acme/bot', '--branch', 'main', '--no-auto-deploy'),
  unlinked('agent unlink', 'bot', '--force'),
  unlinked('agent deploy', 'bot', '--github'),
];

/** What only the newest version has. The agent of the steps before is there, and no session of it. */
export const newerSteps = (world: World): readonly Step[] => [
  ...regionSteps(world),
  ...profileSteps,
  ...spendSteps,
  ...registrySteps,
  ...githubSteps,
];
