import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { temporaryFolder } from '../../src/support/paths.js';
import type { Step } from '../results.js';
import type { Track } from '../track.js';

const serviceOf = ({ api, org }: Track) => api.getService(org, 'bot');

export const deploySteps: readonly Step[] = [
  [
    'deploy',
    async (track) => {
      const settings = ['--secrets', 'bot-secrets', '--profile', 'agent-1x', '--max-session-duration', '900'];
      const scaling = ['--min-agents', '0', '--max-agents', '3', '--region', 'us-west'];
      const built = ['--build-dir', '.', '--dockerfile', 'Dockerfile', '--krisp-viva-audio-filter', 'tel'];
      if (track.version === '0.6.0') built.push('--enable-krisp');
      const options = [...settings, ...scaling, ...built];
      const text = await track.ok(['deploy', 'bot', '--yes', ...options], { cwd: track.folder });
      expect(text).toMatch(/Build Complete.*Build ID: \S+/);
      expect(text).toContain('Deployment complete');
      expect(text).toContain("Agent deployment 'bot' is ready");
      track.used('POST /v1/uploads');
      const made = await serviceOf(track);
      expect(made).toMatchObject({ ready: true, region: 'us-west', autoScaling: { minReplicas: 0, maxReplicas: 3 } });
      expect(made.krispViva).toEqual({ audioFilter: 'tel' });
      expect(made.deployment?.manifest.spec).toMatchObject({
        maxSessionDurationSeconds: 900,
        envFromSecretNames: ['bot-secrets'],
      });
      track.known.build = (await track.api.listBuilds(track.org)).builds[0]?.id ?? '';
      track.known.deployment = made.activeDeploymentId ?? '';
    },
  ],
  [
    'deploy',
    async (track) => {
      if (!track.thorough) return;
      // From the file, with every question answered; the same files are not built again.
      const answers = [
        ['build with Pipecat Cloud', 'y\r'],
        ['Proceed with cloud build?', 'y\r'],
        ['proceed with deployment?', 'y\r'],
        ['Do you want to update it?', 'y\r'],
      ] as const;
      const text = await track.ok(['deploy', '--config-file', 'pcc-deploy.toml'], { answers, cwd: track.folder });
      expect(text).toContain('Cached Build Found');
      expect(text).toContain('Update complete');
      expect((await track.api.listBuilds(track.org)).total).toBe(1);
      const updated = await serviceOf(track);
      expect(updated.autoScaling).toMatchObject({ minReplicas: 0, maxReplicas: 2 });
      expect(updated.activeDeploymentId).not.toBe(track.known.deployment);
    },
  ],
  [
    'deploy',
    async (track) => {
      if (!track.thorough) return;
      const { build = '' } = track.known;
      const text = await track.ok(['deploy', 'bot', '--build-id', build, '--force', '--max-agents', '2']);
      expect(text).toContain(`Cloud Build: ${build}`);
      expect(text).toContain('Update complete');
      expect((await track.api.listDeployments(track.org, 'bot')).deployments).toHaveLength(3);
    },
  ],
  [
    'deploy',
    async (track) => {
      if (!track.thorough) return;
      // One that does not start: the reason at once, and not the success of the deployment that goes on serving.
      const broken = join(temporaryFolder('broken'), 'agent');
      cpSync(track.folder, broken, { recursive: true });
      writeFileSync(join(broken, 'bot.py'), "raise RuntimeError('this one does not start')\n");
      const { build = '' } = track.known;
      const before = await serviceOf(track);
      const text = await track.fails(['deploy', 'bot', '--yes', '--build-dir', '.', '--max-agents', '2'], {
        cwd: broken,
      });
      expect(text).not.toContain('Update complete');
      const failed = await serviceOf(track);
      expect(failed).toMatchObject({
        ...{ available: true, ready: false, activeDeploymentId: before.activeDeploymentId },
        errors: [{ code: expect.stringMatching(/^PCC_/) }],
      });
      expect(text).toContain(failed.errors[0]?.code ?? '?');
      // The next one begins without its errors, and its success is its own.
      const again = await track.ok(['deploy', 'bot', '--build-id', build, '--yes', '--max-agents', '2']);
      expect(again).toContain('Update complete');
      const after = await serviceOf(track);
      expect(after.activeDeploymentId).not.toBe(before.activeDeploymentId);
      expect(after.activeDeploymentId).toBe(after.desiredDeploymentId);
    },
  ],
  [
    'deploy',
    async (track) => {
      if (!track.thorough) return;
      const image = ['deploy', 'from-image', 'registry.example.com/team/bot:1', '--yes'];
      const text = await track.fails([...image, '--credentials', 'pull-secrets']);
      expect(text).toContain('Image pull secret: pull-secrets');
      expect(text).toContain('PCC_INVALID_IMAGE_PLATFORM');
      expect(text).toContain("can't run the image 'registry.example.com/team/bot:1'");
      const missing = await track.fails([...image, '--no-credentials', '--secrets', 'no-such-set']);
      expect(missing).toContain('no-such-set');
      return 'an image is refused where the worker has no container engine';
    },
  ],
  [
    'deploy',
    async (track) => {
      if (track.version === '0.6.0' || !track.thorough) return;
      const { build = '' } = track.known;
      const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
      const sized = ['--resources', 'cpu=500m,memory=512Mi', '--architecture', architecture, '--max-agents', '2'];
      await track.ok(['deploy', 'bot', '--build-id', build, '--yes', ...sized]);
      const text = await track.ok(['agent', 'status', 'bot']);
      expect(text).toContain(`Architecture: ${architecture} Resources: cpu=500m, memory=512Mi`);
      const git = [
        '--repo',
        'acme/bot',
        '--branch',
        'main',
        '--dockerfile-path',
        'Dockerfile',
        '--subdirectory',
        'bot',
      ];
      expect(await track.fails(['deploy', 'from-git', '--yes', ...git])).toMatch(/GitHub/);
      await track.ok(['deploy', 'bot', '--build-id', build, '--yes', '--profile', 'agent-1x', '--max-agents', '2']);
    },
  ],
  [
    'build list',
    async (track) => {
      const { build = '' } = track.known;
      const text = await track.ok(['build', 'list', '--limit', '5', '--status', 'success', '--region', 'us-west']);
      expect(text).toMatch(new RegExp(`${build} success us-west \\S+`));
      if (!track.thorough) return;
      expect(await track.ok(['build', 'list', '--status', 'failed'])).toContain('No builds found');
    },
  ],
  [
    'build status',
    async (track) => {
      const { build = '' } = track.known;
      const text = await track.ok(['build', 'status', build]);
      expect(text).toContain(`Build ID: ${build}`);
      expect(text).toMatch(/Status: success/i);
      if (!track.thorough) return;
      expect(await track.fails(['build', 'status', crypto.randomUUID()])).toMatch(/Build '\S+' not found/);
    },
  ],
  [
    'build logs',
    async (track) => {
      const { build = '' } = track.known;
      const text = await track.ok(['build', 'logs', build, '--limit', '200']);
      const { logs } = await track.api.readBuildLogs(track.org, build, { limit: 200 });
      expect(logs.length).toBeGreaterThan(0);
      expect(text).toContain(`Build ID: ${build} Lines: ${logs.length}`);
      if (!track.thorough) return;
      expect(await track.fails(['build', 'logs', crypto.randomUUID()])).toContain('not found');
    },
  ],
  [
    'docker build-push',
    async (track) => {
      // A stand-in that notes how it is called: this command talks to docker, and to nothing of ours.
      const folder = temporaryFolder('docker');
      const [bin, calls] = [join(folder, 'bin'), join(folder, 'calls')];
      mkdirSync(bin);
      writeFileSync(join(bin, 'docker'), `#!/bin/sh\necho "$@" >> '${calls}'\n`);
      chmodSync(join(bin, 'docker'), 0o755);
      const env = { PATH: `${bin}:/usr/bin:/bin`, PIPECAT_TOKEN: undefined };
      const args = [
        'docker',
        'build-push',
        'bot',
        '-r',
        'custom',
        '-u',
        'team',
        '--registry-url',
        'registry.example.com',
      ];
      const answers = [['proceed with the build', 'y\r']] as const;
      await track.ok([...args, '--version', '1.2'], { env, cwd: track.folder, answers });
      const image = 'registry.example.com/team/bot';
      expect(readFileSync(calls, 'utf8').split('\n')).toEqual([
        expect.stringMatching(new RegExp(`^buildx? .*-t ${image}:1.2 -t ${image}:latest`)),
        `push ${image}:1.2`,
        `push ${image}:latest`,
        '',
      ]);
      if (!track.thorough) return 'run with a stand-in for docker, which is all that it talks to';
      writeFileSync(calls, '');
      const local = ['docker', 'build-push', '--config-file', 'pcc-deploy.toml', '--no-push', '--no-latest'];
      const unasked = track.version === '0.6.0' ? { answers } : {};
      if (track.version !== '0.6.0') local.push('--yes');
      await track.ok(local, { env, cwd: track.folder, ...unasked });
      expect(readFileSync(calls, 'utf8')).toMatch(/^buildx? .*-t bot:latest (?!-t)[^\n]*\n$/);
      return 'run with a stand-in for docker, which is all that it talks to';
    },
  ],
];
