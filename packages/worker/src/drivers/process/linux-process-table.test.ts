import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createLinuxProcessTable } from './linux-process-table.js';

describe.runIf(process.platform === 'linux')('processes in /proc', () => {
  const table = createLinuxProcessTable();
  const children: ChildProcess[] = [];
  function start(...[program, list, options]: [string, string[], { env?: NodeJS.ProcessEnv; detached?: boolean }?]) {
    const child = spawn(program, list, { stdio: ['ignore', 'pipe', 'ignore'], ...options });
    children.push(child);
    return { child, pid: child.pid ?? 0 };
  }
  afterEach(async () => {
    const exits = children.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit'));
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await Promise.all(exits);
  });

  test('a process leads its group, has a start time and memory, and is gone once it has ended', async () => {
    const { child, pid } = start('sleep', ['600'], { detached: true });
    expect(table.list(pid)).toEqual([{ pid, group: pid, startedAt: table.startedAt(pid), cpuMs: expect.any(Number) }]);
    expect(table.list().map((entry) => entry.pid)).toEqual(expect.arrayContaining([pid, process.pid]));
    expect(table.sinceBoot(table.startedAt(pid) ?? '')).toBe(true);
    expect(table.sinceBoot(`another-boot/${table.startedAt(pid)?.split('/')[1]}`)).toBe(false);
    expect(table.memoryBytes(process.pid)).toBeGreaterThan(10_000_000);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(table.list(pid)).toEqual([]);
    expect(table.startedAt(pid)).toBeUndefined();
  });

  test('a zombie is not alive, though its start time is known', async () => {
    const { child } = start('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 600']);
    const [output] = await once(child.stdout ?? child, 'data');
    const zombie = Number(String(output));
    await vi.waitFor(() => expect(table.list(zombie)).toEqual([]));
    expect(table.startedAt(zombie)).toBeDefined();
  });

  test('a program name with parentheses and spaces confuses nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'table-'));
    const program = join(folder, 'a) Z 1 (b');
    // Not a copy: one that another thread's child still holds open for writing can't be run.
    await symlink('/bin/sleep', program);
    const { pid } = start(program, ['600'], { detached: true });
    await vi.waitFor(() => expect(table.list(pid)[0]?.group).toBe(pid));
    await rm(folder, { recursive: true });
  });

  test('a mark is the whole name of a variable and gives its whole value', async () => {
    const name = `MARK_${process.pid}`;
    const marked = start('sleep', ['600'], { env: { PATH: process.env.PATH, OTHER: '1', [name]: '/a b/c' } });
    start('sleep', ['600'], { env: { PATH: process.env.PATH, [`X${name}`]: 'no', OTHER: `${name}=no` } });
    await vi.waitFor(() => expect(table.marked(name)).toEqual([{ pid: marked.pid, value: '/a b/c' }]));
    const view = await table.look(name);
    expect(view.marked(name)).toEqual([{ pid: marked.pid, value: '/a b/c' }]);
    expect(view.list().map(({ pid }) => pid)).toEqual(expect.arrayContaining([marked.pid, process.pid]));
  });
});
