import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { plainEnvironment, root } from '../environment.js';
import type { Figure } from '../figure.js';
import { freePort } from '../ports.js';
import type { Resources } from '../resources.js';
import { spreadOf } from '../statistics.js';

const rounds = 5;

interface Started {
  seconds: number;
  stop(): Promise<void>;
}

/** Runs `npm start` as typed in the checkout; resolves at its last line. */
async function start(resources: Resources, env: Record<string, string>): Promise<Started> {
  const began = performance.now();
  const child = spawn('npm', ['start'], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let ended = false;
  let output = '';
  const closed = once(child, 'close').then(() => {
    ended = true;
  });
  const stop = async () => {
    // Ctrl-C reaches the whole group.
    if (!ended && child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
    await closed;
  };
  resources.onClose(stop);
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ready = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => reject(new Error(`npm start ended before it was ready: ${output}`)));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes(`ready http://localhost:${env.PORT}\n`)) resolve(performance.now());
    });
  });
  return { seconds: ((await ready) - began) / 1000, stop };
}

/** From Enter to the line that says it is ready, where everything is installed and built. */
export const secondStart: Figure = {
  name: 'second-start',
  about: 'seconds from `npm start` to its ready line, the second time',
  async measure({ resources, progress }) {
    const folder = await resources.folder('start');
    const home = join(folder, 'home');
    mkdirSync(home);
    const port = String(await freePort());
    const env = plainEnvironment({ HOME: home, PORT: port, PIPECAT_CLOUD_DATA_DIR: join(folder, 'data') });
    const run = async () => {
      const { seconds, stop } = await start(resources, env);
      await stop();
      return seconds;
    };
    progress('the first start');
    const first = await run();
    const measured: number[] = [];
    for (let round = 0; round < rounds; round++) {
      progress(`round ${round + 1} of ${rounds}`);
      measured.push(await run());
    }
    const { median, min, max } = spreadOf(measured);
    const note = `the first start of this data folder took ${first.toFixed(1)} s`;
    return [
      { name: 'second-start', value: median, unit: 's', goal: { kind: 'atMost', value: 3 }, min, max, rounds, note },
    ];
  },
};
