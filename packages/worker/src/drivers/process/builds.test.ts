import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { never, orderOf, readLines, specOf } from '../../testing/driver-tools.js';
import { contextOf, createProcessSetup, type ProcessSetup, rawContext } from '../../testing/process-driver-setup.js';
import { createLinuxProcessTable } from './linux-process-table.js';

const table = createLinuxProcessTable();
const toml = (setup: unknown, command: unknown = ['node', 'bot.mjs']) =>
  `[local]\nsetup = ${JSON.stringify(setup)}\ncommand = ${JSON.stringify(command)}\n`;

describe('builds', () => {
  let setup: ProcessSetup;
  let lines: string[];
  beforeEach(async () => {
    setup = await createProcessSetup();
    lines = [];
  });
  afterEach(() => setup.close());

  const builds = () => join(setup.options.directory, 'builds');
  async function build(context: Buffer, change: Parameters<typeof orderOf>[1] = {}, signal = never) {
    const order = orderOf(context, change);
    await setup.driver.build(
      order,
      async () => Readable.from([context]),
      (text) => lines.push(text),
      signal,
    );
    return order.buildId;
  }
  const markedFor = (buildId: string) =>
    table.marked('PIPECAT_CLOUD_BUILD_FOLDER').filter(({ value }) => value === join(builds(), buildId));

  test('setup steps run in order, once, in the context, with what they print in the log', async () => {
    const script = "require('fs').appendFileSync('ran', process.argv[1]); console.log('step ' + process.argv[1])";
    const step = (name: string) => ['node', '-e', script, name];
    const context = await contextOf({ 'pcc-deploy.toml': toml([step('one'), step('two')]) });
    const buildId = await build(context, { buildId: 'b-1' });
    await build(context, { buildId: 'b-1' });
    expect(await readFile(join(builds(), buildId, 'context', 'ran'), 'utf8')).toBe('onetwo');
    expect(lines.filter((line) => line.startsWith('step'))).toEqual(['step one', 'step two']);
  });

  test('a build with nothing to run says so: an empty log reads as one that has not begun', async () => {
    await build(await contextOf({ 'pcc-deploy.toml': toml([]) }));
    expect(lines).toEqual(['[local] in pcc-deploy.toml names no setup: there is nothing to run']);
  });

  test('setup steps see nothing of the worker', async () => {
    const script = 'console.log(JSON.stringify(process.env))';
    await build(await contextOf({ 'pcc-deploy.toml': toml(['node', '-e', script]) }));
    const environment = JSON.parse(lines.at(-1) ?? '');
    expect(JSON.stringify(environment)).not.toContain('of-the-worker');
    expect(environment.HOME).toBe(join(setup.options.directory, 'cache', 'home'));
  });

  test('variables that the worker passes on by name reach setup steps', async () => {
    await setup.close();
    const environment = { PATH: process.env.PATH, HTTPS_PROXY: 'http://proxy', OTHER: 'no' };
    setup = await createProcessSetup({ environment, passEnvironment: ['HTTPS_PROXY'] });
    const script = "console.log(process.env.HTTPS_PROXY + ' ' + process.env.OTHER)";
    await build(await contextOf({ 'pcc-deploy.toml': toml(['node', '-e', script]) }));
    expect(lines.at(-1)).toBe('http://proxy undefined');
  });

  test('a failing step keeps its lines, names its exit code and is tried again', async () => {
    const script = "console.log('out'); console.error('err'); process.exitCode = 7";
    const context = await contextOf({
      'pcc-deploy.toml': toml([
        ['node', '-e', script],
        ['node', '-e', ''],
      ]),
    });
    const failure = build(context, { buildId: 'b-1' });
    await expect(failure).rejects.toThrow('[local] setup in pcc-deploy.toml failed: node ended with exit code 7');
    expect(lines).toEqual(expect.arrayContaining(['out', 'err']));
    await expect(setup.driver.ensure(specOf('b-1'), never)).rejects.toMatchObject({ code: 'PCC_IMAGE_NOT_FOUND' });
    await expect(build(context, { buildId: 'b-1' })).rejects.toThrow('exit code 7');
    expect(lines.filter((line) => line === 'out')).toHaveLength(2);
  });

  test('a step that is not installed fails by name', async () => {
    const context = await contextOf({ 'pcc-deploy.toml': toml(['no-such-program']) });
    await expect(build(context)).rejects.toThrow("'no-such-program' could not be started (ENOENT)");
  });

  const endless = `
    require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
    require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore', detached: true });
    process.on('SIGTERM', () => {});
    console.log('begun');`;

  test('calling a build off ends every process of its step and gives the reason', async () => {
    const control = new AbortController();
    const context = await contextOf({ 'pcc-deploy.toml': toml(['node', '-e', endless]) });
    const building = build(context, { buildId: 'b-1' }, control.signal).catch((error) => error);
    await vi.waitFor(() => expect(lines).toContain('begun'));
    await vi.waitFor(() => expect(markedFor('b-1')).toHaveLength(3));
    control.abort(new Error('build called off'));
    expect((await building).message).toBe('build called off');
    expect(markedFor('b-1')).toEqual([]);
  });

  test("the order's own timeout ends it too", async () => {
    const context = await contextOf({ 'pcc-deploy.toml': toml(['node', '-e', endless]) });
    await expect(build(context, { timeoutSeconds: 0.5 })).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  test('what a step leaves running does not hold the build', async () => {
    const script = `${endless}\nsetImmediate(() => process.exit(0))`;
    const buildId = await build(await contextOf({ 'pcc-deploy.toml': toml(['node', '-e', script]) }));
    expect(markedFor(buildId)).toEqual([]);
  });

  test('a build that a restart cut off is ended, and made anew when ordered again', async () => {
    const context = await contextOf({ 'pcc-deploy.toml': toml(['node', '-e', `${endless}`]) });
    const control = new AbortController();
    const building = build(context, { buildId: 'b-1' }, control.signal).catch((error) => error);
    await vi.waitFor(() => expect(markedFor('b-1')).toHaveLength(3));
    await mkdir(join(builds(), '.half'));
    await setup.restart();
    expect(markedFor('b-1')).toEqual([]);
    expect((await building).message).toContain('SIGKILL');
    expect(await readdir(builds())).not.toContain('.half');
    await expect(setup.driver.ensure(specOf('b-1'), never)).rejects.toMatchObject({ code: 'PCC_IMAGE_NOT_FOUND' });
  });

  test('a refused archive leaves nothing behind', async () => {
    await expect(build(rawContext([{ path: '../../escaped', text: 'x' }]))).rejects.toThrow('outside the build');
    expect(await readdir(setup.directory)).toEqual(['worker']);
    expect((await readdir(builds())).sort()).toEqual(['node_modules', 'package.json']);
  });

  test('an agent may import the installed base, and a surrounding package.json does not reach it', async () => {
    const root = join(setup.directory, 'agent-package');
    await mkdir(root, { recursive: true });
    await writeFile(
      join(root, 'package.json'),
      '{ "name": "@pipecat-cloud/agent", "type": "module", "exports": "./a.js" }',
    );
    await writeFile(join(root, 'a.js'), "export const base = 'the base';");
    await writeFile(join(setup.directory, 'package.json'), '{ "type": "commonjs" }');
    setup.options.agentPackage = { root, python: join(root, 'python') };
    await setup.restart();
    const bot = "import { base } from '@pipecat-cloud/agent'; console.log(base satisfies string);";
    const buildId = await build(await contextOf({ 'bot.ts': bot, 'pcc-deploy.toml': toml([], ['node', 'bot.ts']) }));
    const spec = specOf(buildId);
    await setup.driver.ensure(spec, never);
    const lines = await readLines(setup.driver, spec.instanceId, 0, 99);
    expect(lines.map(({ text }) => text)).toContain('the base');
  });

  test('forgetting a build removes its files and no others', async () => {
    const context = await contextOf({ 'pcc-deploy.toml': toml([]) });
    await build(context, { buildId: 'b-1' });
    await build(context, { buildId: 'b-2' });
    await setup.driver.forgetBuild('b-1');
    await expect(access(join(builds(), 'b-1'))).rejects.toThrow();
    await access(join(builds(), 'b-2', 'context', 'pcc-deploy.toml'));
  });
});
