import { readdirSync, readFileSync } from 'node:fs';
import { access, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { describeDriver } from '../../testing/contracts/driver.js';
import { never, specOf, whenAnswering } from '../../testing/driver-tools.js';
import {
  agentFiles,
  createProcessDriverUnderTest,
  createProcessSetup,
  type ProcessSetup,
  uniqueSecret,
} from '../../testing/process-driver-setup.js';
import { createProcessDriver } from './process-driver.js';
import { createPsProcessTable } from './ps-process-table.js';

describeDriver('process', createProcessDriverUnderTest);

describe('process driver', () => {
  let setup: ProcessSetup;
  let buildId: string;
  beforeEach(async () => {
    setup = await createProcessSetup();
    buildId = await setup.build(agentFiles);
  });
  afterEach(() => setup.close());

  const folderOf = (id: string) => join(setup.options.directory, 'instances', id);
  const ask = async (address: string, path: string) => (await fetch(`${address}${path}`)).text();
  async function start(environment: Record<string, string> = {}) {
    const spec = specOf(buildId, environment);
    await setup.driver.ensure(spec, never);
    return { instanceId: spec.instanceId, address: await whenAnswering(setup.driver, spec.instanceId) };
  }
  const pidOf = async (id: string) => {
    const record = JSON.parse(await readFile(join(folderOf(id), 'instance.json'), 'utf8'));
    return record.process.pid as number;
  };

  test('an instance gets the secrets and what it needs, and nothing of the worker', async () => {
    const { instanceId, address } = await start({ API_KEY: 'key', PORT: '1', HOST: '0.0.0.0', LANG: 'de_DE.UTF-8' });
    const environment = JSON.parse(await ask(address, '/environment'));
    const folder = folderOf(instanceId);
    expect(environment).toMatchObject({
      API_KEY: 'key',
      LANG: 'de_DE.UTF-8',
      HOST: '127.0.0.1',
      PORT: new URL(address).port,
      HOME: join(folder, 'home'),
      TMPDIR: join(folder, 'tmp'),
      PIPECAT_CLOUD_INSTANCE_ID: instanceId,
      ICE_CONFIG_URL: 'http://127.0.0.1:9/ice-servers',
    });
    expect(JSON.stringify(environment)).not.toContain('of-the-worker');
    expect(environment.VITEST).toBeUndefined();
    expect(await ask(address, '/folder')).toBe(join(setup.options.directory, 'builds', buildId, 'context'));
    await access(environment.TMPDIR);
  });

  test('a secret is in no argument list and in no file', async () => {
    const secret = uniqueSecret();
    await start({ API_KEY: secret });
    expect(argumentLists()).toContain('agent.mjs');
    expect(argumentLists()).not.toContain(secret);
    expect(await filesWith(setup.directory, secret)).toEqual([]);
  });

  test("an instance's files are for this user alone", async () => {
    const { instanceId } = await start();
    const modes = ['', 'output.log', 'instance.json'].map(
      async (name) => (await stat(join(folderOf(instanceId), name))).mode,
    );
    expect((await Promise.all(modes)).map((mode) => mode & 0o077)).toEqual([0, 0, 0]);
  });

  test('removing ends children and a daemon in a session of its own, and deletes the folder', async () => {
    const { instanceId, address } = await start();
    const pids = [await pidOf(instanceId), Number(await ask(address, '/child')), Number(await ask(address, '/daemon'))];
    expect(pids.filter(isAlive)).toEqual(pids);
    await setup.driver.remove(instanceId, { graceSeconds: 600 });
    expect(pids.filter(isAlive)).toEqual([]);
    await expect(access(folderOf(instanceId))).rejects.toThrow();
  });

  test('an instance that exits by itself leaves no process either', async () => {
    const { address } = await start();
    const pids = [Number(await ask(address, '/child')), Number(await ask(address, '/daemon'))];
    await ask(address, '/exit?code=0');
    await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]));
  });

  test('an instance that was started but not noted is found again', async () => {
    const { instanceId, address } = await start();
    await alterRecord(instanceId, ({ process: _, ...record }) => ({ ...record, state: 'preparing' }));
    const [listed] = await (await setup.restart()).list();
    expect(listed).toMatchObject({ instanceId, state: 'running', address });
    const pid = await pidOf(instanceId);
    await setup.driver.remove(instanceId, { graceSeconds: 600 });
    expect(isAlive(pid)).toBe(false);
  });

  test('an instance that was noted but not started has failed', async () => {
    const { instanceId } = await start();
    await setup.driver.kill(instanceId, { graceSeconds: 0 });
    await alterRecord(instanceId, ({ process: _, exit: __, ...record }) => ({ ...record, state: 'preparing' }));
    const [listed] = await (await setup.restart()).list();
    expect(listed).toMatchObject({ state: 'failed', error: { code: 'PCC_UNKNOWN_ERROR' } });
    await setup.driver.remove(instanceId, { graceSeconds: 0 });
    expect(await setup.driver.list()).toEqual([]);
  });

  test('processes whose folder or record is gone are ended', async () => {
    const [first, second] = [await start(), await start()];
    const pids = [await pidOf(first.instanceId), await pidOf(second.instanceId)];
    await rm(folderOf(first.instanceId), { recursive: true });
    await mkdir(folderOf('.not-ours'));
    await writeFile(join(folderOf(second.instanceId), 'instance.json'), '{"version":1,"lab');
    expect(await (await setup.restart()).list()).toEqual([]);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(await readdir(join(setup.options.directory, 'instances'))).toEqual(['.not-ours']);
  });

  test('a process that merely has the same id is neither adopted nor ended', async () => {
    const { instanceId, address } = await start();
    const pid = await pidOf(instanceId);
    const other = await createProcessSetup();
    try {
      // The record of an instance that ended long ago, whose process id is now that of `instanceId`.
      const folder = join(other.options.directory, 'instances', 'i-old');
      await mkdir(folder, { recursive: true });
      const record = JSON.parse(await readFile(join(folderOf(instanceId), 'instance.json'), 'utf8'));
      const started = record.process.startedAt.replace(/\d+$/, '1');
      const old = {
        ...record,
        labels: { ...record.labels, instanceId: 'i-old' },
        process: { pid, startedAt: started },
      };
      await writeFile(join(folder, 'instance.json'), JSON.stringify(old));
      const [listed] = await (await other.restart()).list();
      expect(listed).toMatchObject({ instanceId: 'i-old', state: 'exited', exit: { code: null } });
      await other.driver.remove('i-old', { graceSeconds: 0 });
      expect(await ask(address, '/readyz')).toBe('{}');
    } finally {
      await other.close();
    }
  });

  test('instances of another installation are left alone', async () => {
    const { instanceId, address } = await start();
    const other = await createProcessDriver({ ...setup.options, installationId: 'installation-2' });
    expect(await other.list()).toEqual([]);
    await other.remove(instanceId, { graceSeconds: 0 });
    await other.close();
    expect(await ask(address, '/readyz')).toBe('{}');
  });

  test('an id that names another folder is refused', async () => {
    const spec = { ...specOf(buildId), instanceId: '../escape' };
    await expect(setup.driver.ensure(spec, never)).rejects.toThrow('id');
    await expect(setup.driver.remove('../escape', { graceSeconds: 0 })).resolves.toBeUndefined();
  });

  test('an image is refused with the ways out', async () => {
    const spec = { ...specOf(buildId), source: { type: 'image' as const, image: 'acme/bot:1' } };
    await expect(setup.driver.ensure(spec, never)).rejects.toMatchObject({
      code: 'PCC_INVALID_IMAGE_PLATFORM',
      message: expect.stringMatching(/acme\/bot:1.*source.*docker driver/),
    });
  });

  test('a command that is not installed fails with its name and leaves nothing', async () => {
    const missing = await setup.build({ 'pcc-deploy.toml': '[local]\ncommand = ["no-such-program"]' });
    await expect(setup.driver.ensure(specOf(missing), never)).rejects.toThrow("'no-such-program'");
    expect(await setup.driver.list()).toEqual([]);
    expect(await readdir(join(setup.options.directory, 'instances'))).toEqual([]);
  });

  test('without /proc, instances are found, measured and ended by ps', async () => {
    const other = await createProcessSetup({ processTable: createPsProcessTable() });
    try {
      const spec = specOf(await other.build(agentFiles));
      await other.driver.ensure(spec, never);
      const address = await whenAnswering(other.driver, spec.instanceId);
      const child = Number(await ask(address, '/child'));
      const [listed] = await (await other.restart()).list();
      expect(listed).toMatchObject({ state: 'running', address });
      expect((await other.driver.usage(spec.instanceId))?.memoryBytes).toBeGreaterThan(1_000_000);
      await other.driver.kill(spec.instanceId, { graceSeconds: 600 });
      expect(isAlive(child)).toBe(false);
    } finally {
      await other.close();
    }
  });

  async function alterRecord(id: string, change: (record: Record<string, unknown>) => object): Promise<void> {
    const path = join(folderOf(id), 'instance.json');
    await writeFile(path, JSON.stringify(change(JSON.parse(await readFile(path, 'utf8')))));
  }
});

function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

function argumentLists(): string {
  const lists = readdirSync('/proc').map((name) => {
    try {
      return /^\d+$/.test(name) ? readFileSync(`/proc/${name}/cmdline`, 'utf8') : '';
    } catch {
      return '';
    }
  });
  return lists.join('\n');
}

async function filesWith(folder: string, text: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const found = await Promise.all(files.map(async (file) => ((await readFile(file)).includes(text) ? [file] : [])));
  return found.flat();
}
