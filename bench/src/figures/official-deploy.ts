import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startCloud } from '../cloud.js';
import { commandLine, runNode, runProgram } from '../commands.js';
import { root } from '../environment.js';
import type { Figure } from '../figure.js';
import { obtainOfficialClient } from '../official-client.js';
import { spreadOf } from '../statistics.js';

const rounds = 5;

/**
 * `deploy --yes` of a folder that was built before: each client packs it, finds its build in the cache, deploys, and waits until the
 * agent is ready. Each has an agent and a build of its own, because the archives differ.
 */
export const officialDeploy: Figure = {
  name: 'official-deploy',
  about: 'wall time of `deploy --yes` of an unchanged folder, as a share of that of the published command line',
  async measure({ resources, progress }) {
    const official = await obtainOfficialClient();
    if ('reason' in official) {
      progress(`skipped: ${official.reason}`);
      return [];
    }
    const cloud = await startCloud(resources);
    const folder = await resources.folder('deploy');
    const context = join(folder, 'agent');
    cpSync(join(root, 'examples/echo'), context, {
      recursive: true,
      filter: (source) => !source.includes('node_modules'),
    });
    // Decides what is uploaded for both, so that the file which says how to run the agent is among it.
    writeFileSync(join(context, '.dockerignore'), 'node_modules\n');
    writeFileSync(join(context, 'Dockerfile'), 'FROM node:24\n');

    const options = { env: cloud.commandEnvironment, cwd: folder };
    const args = (name: string) => ['deploy', name, '--build-dir', 'agent', '--yes'];
    const ours = async () => (await runNode(resources, [commandLine, 'cloud', ...args('bench-ours')], options)).ms;
    const theirs = async () =>
      (await runProgram(resources, official.program, [...official.before, ...args('bench-theirs')], options)).ms;
    progress('first deploys, which build');
    await ours();
    await theirs();
    for (const name of ['bench-ours', 'bench-theirs']) await cloud.client.getService(cloud.organization, name);
    const builds = (await cloud.client.listBuilds(cloud.organization)).total;
    const measured: { ours: number; theirs: number }[] = [];
    for (let round = 0; round < rounds; round++) {
      progress(`round ${round + 1} of ${rounds}`);
      measured.push({ ours: await ours(), theirs: await theirs() });
    }
    if ((await cloud.client.listBuilds(cloud.organization)).total !== builds)
      throw new Error('A deploy of the unchanged folder built again, so it was no cache hit');
    const { median, min, max } = spreadOf(measured.map((round) => round.ours / round.theirs));
    const ms = (key: 'ours' | 'theirs') => `${spreadOf(measured.map((round) => round[key])).median.toFixed(0)} ms`;
    const note = `${ms('ours')} against ${ms('theirs')} for pipecatcloud ${official.version}; it is ready at the first question, so neither waits`;
    return [
      {
        name: 'official-deploy',
        value: median,
        unit: 'x',
        goal: { kind: 'atMost', value: 0.3 },
        min,
        max,
        rounds,
        note,
      },
    ];
  },
};
