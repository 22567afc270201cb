import { expect } from 'vitest';
import type { Step } from '../results.js';
import { readOf } from '../track.js';
import type { World } from '../world.js';
import { regionSteps } from './own-region.js';

const notLinked = 'This organization is not linked to GitHub';
const yes = (question: string) => ({ answers: [[question, 'y']] }) as const;

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
      const { agentProfiles } = await readOf<{ agentProfiles: object[] }>(track, 'agent-profiles');
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
      const { agentProfiles } = await readOf<{ agentProfiles: object[] }>(track, 'agent-profiles');
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
      expect(await track.ok(['spend-limit', 'set', '12.34', '--yes'])).toContain(`'${track.org}' set to $12.34`);
      expect(await readOf(track, 'spend-limit')).toMatchObject({ limitCents: 1234, blocked: false });
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
      expect(await readOf(track, 'spend-limit').catch(() => ({ limitCents: null }))).toMatchObject({
        limitCents: null,
      });
    },
  ],
];

const registrySteps: readonly Step[] = [
  [
    'organizations registry-keys mint',
    async (track) => {
      const text = await track.fails(['organizations', 'registry-keys', 'mint', '--name', 'workstation']);
      expect(text).toContain('This installation has no registry of its own');
      return {
        instead: 'refused, and told why: there is no registry here that a key could open',
        remark: 'images come from your own registry: `secrets image-pull-secret`',
      };
    },
  ],
  [
    'organizations registry-keys list',
    async (track) => {
      expect(await track.ok(['organizations', 'registry-keys', 'list', '--all'])).toContain('No registry keys');
    },
  ],
  [
    'organizations registry-keys revoke',
    async (track) => {
      expect(await track.fails(['organizations', 'registry-keys', 'revoke', 'nothing', '--force'])).toContain(
        'nothing',
      );
      return {
        instead: 'refused as unknown: none can be made',
        remark: 'the pull secret of a registry of your own goes with `secrets delete`',
      };
    },
  ],
];

/** What a link to GitHub is for. */
const byWorkflow = '[a workflow](ci.md) deploys on each push instead';

const unlinked = (command: string, ...args: readonly string[]): Step => [
  command,
  async (track) => {
    expect(await track.fails([...command.split(' '), ...args])).toContain(notLinked);
    return { instead: 'refused: no repository can be linked', remark: byWorkflow };
  },
];

const inRepository = ['--dockerfile-path', 'Dockerfile', '--subdirectory', 'bot'];

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
      return { instead: 'refused, and told why: there is no GitHub App to connect', remark: byWorkflow };
    },
  ],
  unlinked('github disconnect', '--yes'),
  unlinked('github repos'),
  unlinked('github branches', 'acme/bot', '--query', 'ma'),
  unlinked('agent link', 'bot', '--repo', 'acme/bot', '--branch', 'main', '--no-auto-deploy', ...inRepository),
  unlinked('agent unlink', 'bot', '--force'),
  unlinked('agent deploy', 'bot', '--github', '--wait'),
];

/** What only the newest version has. The agent of the steps before is there, and no session of it. */
export const newerSteps = (world: World): readonly Step[] => [
  ...regionSteps(world),
  ...profileSteps,
  ...spendSteps,
  ...registrySteps,
  ...githubSteps,
];
