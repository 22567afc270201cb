import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { plainEnvironment } from '../../src/support/environment.js';
import { inRoot, temporaryFolder } from '../../src/support/paths.js';
import { run } from '../../src/support/processes.js';
import { until } from '../../src/support/wait.js';
import type { Step } from '../results.js';
import { readOf, type Track } from '../track.js';
import type { World } from '../world.js';

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
    return (await readOf<OwnRegion>(track, 'regions/pce-lab')).workers.some(({ connected }) => connected);
  });
  return worker;
}

/** The life of an organization's own region, from its registration to its end. */
export const regionSteps = (world: World): readonly Step[] => [
  [
    'regions register',
    async (track) => {
      const text = await track.ok([
        ...['regions', 'register', 'pce-lab', '--display-name', 'The lab', '--architectures', 'amd64,arm64'],
        ...['--default-architecture', 'amd64', '--workloads-namespace', 'bots'],
        ...['--ws-public-endpoint', 'wss://voice.example.com'],
      ]);
      expect(text).toContain("Region 'pce-lab' registered");
      const region = await readOf<OwnRegion>(track, 'regions/pce-lab');
      expect(region).toMatchObject({ display_name: 'The lab', supported_architectures: ['amd64', 'arm64'] });
      // What is left out keeps its value.
      await track.ok(['regions', 'register', 'pce-lab', '--default-architecture', 'arm64', '--display-name', 'Lab']);
      expect(await readOf<OwnRegion>(track, 'regions/pce-lab')).toMatchObject({
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
      // A worker that has only just connected has yet to say what runs on it, and is asked nothing before.
      const text = await until('the worker can be asked', async () => {
        const { text: said } = await track.run(['secrets', 'reference', 'on-the-machine', '--region', 'pce-lab']);
        return !said.includes("No worker of region 'pce-lab' is connected") && said;
      });
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
      const text = await track.ok(['regions', 'delete', 'pce-lab'], { answers: [["Revoke region 'pce-lab'?", 'y']] });
      expect(text).toContain("Region 'pce-lab' revoked");
      await expect(readOf(track, 'regions/pce-lab')).rejects.toMatchObject({ status: 404 });
      if (!track.thorough) return;
      // Stays, for the narrow token.
      await track.ok(['regions', 'register', 'pce-kept', '--display-name', 'Kept']);
    },
  ],
];
