import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createStage, occupyPort, runs, until } from '../testing/launch.mjs';
import { freePort } from './free-port.mjs';

let stage;
let port;

beforeEach(async () => {
  stage = createStage();
  port = await freePort();
});

afterEach(() => stage.cleanUp());

const launch = (env) => stage.launch({ PORT: String(port), ...env });
const lines = (text) => text.trim().split('\n');

describe('refusals before anything is started', () => {
  async function refusal(env) {
    const started = launch(env);
    expect(await started.ended).toBe(1);
    expect(started.stdout).toBe('');
    expect(stage.events()).toEqual([]);
    expect(lines(started.stderr)).toHaveLength(1);
    return started.stderr;
  }

  test.each(['http', '0', '65536', '74.5', '-1'])('PORT=%s is no port', async (value) => {
    expect(await refusal({ PORT: value })).toContain(`not "${value}"`);
  });

  test('a taken port is named, with the way to choose another', async () => {
    const taken = await occupyPort();
    const line = await refusal({ PORT: String(taken.port) });
    await taken.close();
    expect(line).toContain(`Port ${taken.port} is taken`);
    expect(line).toContain('PORT=');
  });

  test('a host that is none of this machine is named', async () => {
    expect(await refusal({ PIPECAT_CLOUD_HOST: '192.0.2.1' })).toContain('192.0.2.1 is not an address');
  });

  test('a file in the place of the data folder is named', async () => {
    writeFileSync(stage.dataDir, '');
    const line = await refusal();
    expect(line).toContain(stage.dataDir);
    expect(line).toContain('a file stands in its place');
    expect(line).toContain('PIPECAT_CLOUD_DATA_DIR');
  });

  test('a file among the parents of the data folder is named', async () => {
    writeFileSync(join(stage.folder, 'file'), '');
    const line = await refusal({ PIPECAT_CLOUD_DATA_DIR: join(stage.folder, 'file', 'data') });
    expect(line).toContain('a file stands in its place');
  });
});

describe('running', () => {
  test('the ready line comes last, after the notes of both processes', async () => {
    const started = launch();
    await started.untilReady();
    expect(lines(started.stdout).at(-1)).toBe(`ready http://localhost:${port}`);
    expect(started.stdout).toContain('note of the control plane\nnote of the worker\n');
    expect(started.stdout).toContain('control plane code 123456');
    expect(started.stdout).toContain(stage.dataDir);
    const [controlPlane, worker] = stage.events().map((line) => line.split(/ started \d+ /));
    expect([controlPlane[0], worker[0]]).toEqual(['control plane', 'worker']);
    expect(controlPlane[1]).toMatch(new RegExp(`^supervisor=[0-9a-f-]{36} port=${port}$`));
    expect(worker[1]).toBe(controlPlane[1]);
  });

  test('logs go to files of mode 600; only problems reach the terminal, without control characters', async () => {
    const started = launch();
    await started.untilReady();
    await until('the problem is shown', () => started.stderr.includes('worker disk is full'));
    expect(lines(started.stderr)).toContain('control plane: error: control plane disk is full: ENOSPC[2J');
    expect(started.stdout + started.stderr).not.toContain('all is well');
    expect(stage.read('worker.log')).toContain('worker all is well');
    for (const name of ['worker.log', 'control-plane.log']) {
      expect(statSync(join(stage.dataDir, name)).mode & 0o777).toBe(0o600);
    }
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'])(
    '%s stops the worker, then the control plane, and exits 0',
    async (name) => {
      const started = launch();
      await started.untilReady();
      started.child.kill(name);
      expect(await started.ended).toBe(0);
      expect(stage.story().slice(2)).toEqual(['worker told to stop', 'control plane told to stop']);
    },
  );

  test('Ctrl-C while it starts stops what runs and starts nothing more', async () => {
    const started = launch({ FAKE_CONTROL_PLANE: 'slow' });
    await until('the control plane runs', () => stage.starts('control plane') === 1);
    await until('it listens to signals', () => stage.read('control-plane.log').includes('disk is full'));
    started.child.kill('SIGINT');
    expect(await started.ended).toBe(0);
    expect(stage.story()).toEqual(['control plane started', 'control plane told to stop']);
  });

  test('Ctrl-C at the terminal reaches only the supervisor, which keeps the order', async () => {
    const started = launch();
    await started.untilReady();
    started.interrupt();
    expect(await started.ended).toBe(0);
    expect(stage.story().slice(2)).toEqual(['worker told to stop', 'control plane told to stop']);
    expect(started.stderr).not.toContain('lost the other');
    expect(stage.read('control-plane.log')).toContain('lost the other');
  });

  test('the same Ctrl-C told twice, by the terminal and by npm, is one', async () => {
    const started = launch({ FAKE_WORKER: 'stubborn', FAKE_STOP_DEADLINE: '1500', FAKE_SAME_KEYPRESS: '60000' });
    await started.untilReady();
    started.child.kill('SIGINT');
    await until('the first one arrived', () => started.stdout.includes('Stopping'));
    started.child.kill('SIGINT');
    expect(await started.ended).toBe(0);
    expect(started.stderr).toContain('did not stop within');
  });

  test('a second Ctrl-C ends at once what does not stop', async () => {
    const started = launch({ FAKE_WORKER: 'stubborn', FAKE_SAME_KEYPRESS: '0' });
    await started.untilReady();
    started.child.kill('SIGINT');
    await until('the worker was told', () => stage.story().includes('worker told to stop'));
    // Once: one more could meet the process when it has let go of its signals already.
    started.child.kill('SIGINT');
    expect(await started.ended).toBe(130);
    expect(started.stderr).not.toContain('did not stop within');
    expect(runs(stage.pid('worker')) || runs(stage.pid('control plane'))).toBe(false);
  });

  test('what does not stop is ended after the deadline', async () => {
    const started = launch({ FAKE_WORKER: 'stubborn', FAKE_STOP_DEADLINE: '1000' });
    await started.untilReady();
    started.child.kill('SIGINT');
    expect(await started.ended).toBe(0);
    expect(started.stderr).toContain('The worker did not stop within 1 s');
    expect(stage.story().at(-1)).toBe('control plane told to stop');
  });

  test.each(['control plane', 'worker'])(
    'the %s is started again when it is killed; the other runs on',
    async (name) => {
      const started = launch();
      await started.untilReady();
      const other = name === 'worker' ? 'control plane' : 'worker';
      for (const times of [2, 3]) {
        process.kill(stage.pid(name), 'SIGKILL');
        await until('it runs again', () => stage.starts(name) === times);
      }
      expect(stage.starts(other)).toBe(1);
      expect(started.stderr).toContain(
        `The ${name} stopped unexpectedly (ended by SIGKILL); starting it again in 0.1 s.`,
      );
      expect(started.stderr).toContain('starting it again in 0.2 s.');
      expect(started.child.exitCode).toBeNull();
    },
  );
});

describe('a process that ends before it was ready', () => {
  test('the control plane: its own line, exit 1, and no worker', async () => {
    const started = launch({ FAKE_CONTROL_PLANE: 'refuses' });
    expect(await started.ended).toBe(1);
    expect(started.stderr).toBe('PIPECAT_CLOUD_DATABASE_URL is not a database address.\n');
    expect(started.stdout).not.toContain('ready');
    expect(stage.story()).toEqual(['control plane started']);
  });

  test('the worker: the control plane is stopped as well', async () => {
    const started = launch({ FAKE_WORKER: 'refuses' });
    expect(await started.ended).toBe(1);
    expect(started.stderr).toContain('is not a database address');
    expect(stage.story()).toEqual(['control plane started', 'worker started', 'control plane told to stop']);
  });

  test('without a word: the log is named', async () => {
    const started = launch({ FAKE_CONTROL_PLANE: 'silent' });
    expect(await started.ended).toBe(1);
    expect(started.stderr).toContain(join(stage.dataDir, 'control-plane.log'));
    expect(started.stderr).toContain('exit code 1');
  });
});
