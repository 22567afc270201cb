import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createStage, runs, until } from '../testing/launch.mjs';
import { freePort } from './free-port.mjs';

let stage;
let port;

beforeEach(async () => {
  stage = createStage();
  port = await freePort();
});

afterEach(() => stage.cleanUp());

const launch = (env) => stage.launch({ PORT: String(port), ...env });

describe('one supervisor for a data folder', () => {
  test('a second one is refused while the first runs, on another port too', async () => {
    await launch().untilReady();
    const second = launch({ PORT: String(await freePort()) });
    expect(await second.ended).toBe(1);
    expect(second.stderr).toContain(`already runs on the data folder ${stage.dataDir}`);
    expect(second.stderr).toContain(`http://localhost:${port}`);
    expect(stage.starts('control plane')).toBe(1);
  });

  test('after a clean stop nothing is left to take over', async () => {
    const first = launch();
    await first.untilReady();
    first.child.kill('SIGINT');
    await first.ended;
    expect(stage.read('supervisor.lock')).toBe('');
  });

  test('killed with -9: its processes leave, and the next start takes over', async () => {
    const first = launch();
    await first.untilReady();
    first.child.kill('SIGKILL');
    await first.ended;
    await until('both leave', () => stage.story().filter((line) => line.endsWith('disconnected')).length === 2);
    await launch().untilReady();
    expect(stage.starts('worker')).toBe(2);
  });

  test('processes that a killed supervisor left behind are ended before new ones start', async () => {
    const first = launch({ FAKE_WORKER: 'stubborn' });
    await first.untilReady();
    const left = stage.pid('worker');
    first.child.kill('SIGKILL');
    await first.ended;
    await launch({ FAKE_STOP_DEADLINE: '1000' }).untilReady();
    expect(runs(left)).toBe(false);
  });

  test('a lock with the number of a process that is another by now does not block', async () => {
    mkdirSync(stage.dataDir);
    const lock = { pid: process.pid, started: 'long ago', url: 'http://localhost:1', children: [] };
    writeFileSync(join(stage.dataDir, 'supervisor.lock'), JSON.stringify(lock));
    const started = launch();
    await started.untilReady();
    expect(JSON.parse(stage.read('supervisor.lock')).pid).toBe(started.child.pid);
  });

  test('a damaged lock does not block', async () => {
    mkdirSync(stage.dataDir);
    writeFileSync(join(stage.dataDir, 'supervisor.lock'), '{"pid":');
    await launch().untilReady();
  });

  test('of several started at once on a stale lock, exactly one runs', async () => {
    mkdirSync(stage.dataDir);
    writeFileSync(join(stage.dataDir, 'supervisor.lock'), JSON.stringify({ pid: 1, started: 'long ago' }));
    const all = [];
    for (let index = 0; index < 4; index += 1) all.push(launch({ PORT: String(await freePort()) }));
    const isDone = ({ stdout, child }) => stdout.includes('ready ') || child.exitCode !== null;
    await until('all are decided', () => all.every(isDone));
    expect(all.filter(({ stdout }) => stdout.includes('ready '))).toHaveLength(1);
    expect(stage.starts('control plane')).toBe(1);
  });
});
