import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { BuildOrder } from '@pipecat-cloud/contract/worker';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { never, orderOf, specOf, whenAnswering } from '../../testing/driver-tools.js';
import { contextOf, createProcessSetup, type ProcessSetup } from '../../testing/process-driver-setup.js';

/** A base without requirements, so that no index is asked; it serves the bot of its working folder. */
const base = `
import os, sys, http.server
sys.path.insert(0, os.getcwd())
import bot
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write((bot.greeting + ' ' + sys.prefix).encode())
http.server.HTTPServer((os.environ['HOST'], int(os.environ['PORT'])), Handler).serve_forever()
`;

/** Builds a wheel with one module that says this. */
const backend = (greeting: string) => `
import os, zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = 'mytools-1.0-py3-none-any.whl'
    with zipfile.ZipFile(os.path.join(folder, name), 'w') as wheel:
        wheel.writestr('mytools.py', "greeting = '${greeting}'")
        wheel.writestr('mytools-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: mytools\\nVersion: 1.0\\n')
        wheel.writestr('mytools-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
        wheel.writestr('mytools-1.0.dist-info/RECORD', '')
    return name
`;

describe('a Python agent', () => {
  let setup: ProcessSetup;
  let lines: string[];
  beforeEach(async () => {
    setup = await createProcessSetup();
    lines = [];
    const python = join(setup.directory, 'python');
    await mkdir(join(python, 'pipecat_cloud_agent'), { recursive: true });
    await writeFile(join(python, 'requirements.txt'), '# nothing\n');
    await writeFile(join(python, 'pipecat_cloud_agent', '__main__.py'), base);
    setup.options.agentPackage = { root: setup.directory, python };
    await setup.restart();
  });
  afterEach(() => setup.close());

  const environments = () => readdir(join(setup.options.directory, 'venvs'));
  async function build(files: Record<string, string>, change: Partial<BuildOrder> = {}): Promise<string> {
    const context = await contextOf(files);
    const order = orderOf(context, change);
    await setup.driver.build(
      order,
      async () => Readable.from([context]),
      (text) => lines.push(text),
      never,
    );
    return order.buildId;
  }
  const bot = { 'bot.py': "greeting = 'hello'", 'requirements.txt': '# none\n' };

  test('runs its bot.py on the base, in an environment shared by builds of the same requirements', async () => {
    const buildId = await build({ ...bot, Dockerfile: 'FROM dailyco/pipecat-base:latest' });
    const [environment] = await environments();
    const spec = specOf(buildId);
    await setup.driver.ensure(spec, never);
    const address = await whenAnswering(setup.driver, spec.instanceId);
    const folder = join(setup.options.directory, 'venvs', environment ?? '');
    expect(await (await fetch(address)).text()).toBe(`hello ${folder}`);

    await build({ 'bot.py': "greeting = 'other'", 'requirements.txt': '# none\n' });
    expect(await environments()).toEqual([environment]);
    expect(lines.at(-1)).toBe('A Python environment with these requirements is there already');
    expect(lines.filter((line) => line === 'Making a Python environment')).toHaveLength(1);
  });

  test('an environment without its mark is made again, and one that nobody needs is removed', async () => {
    const buildId = await build(bot);
    const [environment = ''] = await environments();
    await rm(join(setup.options.directory, 'venvs', environment, '.complete'));
    await expect(setup.driver.ensure(specOf(buildId), never)).rejects.toMatchObject({ code: 'PCC_IMAGE_NOT_FOUND' });
    await build(bot, { buildId });
    expect(lines.filter((line) => line === 'Making a Python environment')).toHaveLength(2);
    await setup.driver.forgetBuild(buildId);
    expect(await environments()).toEqual([]);
  });

  test('an environment is for one organization, and for the same secrets: they may say where packages come from', async () => {
    const secrets = { TOKEN: 'one', OTHER: 'x' };
    const orders: [Partial<BuildOrder>, number][] = [
      [{}, 1],
      [{ organizationId: 'org-2' }, 2],
      [{ secrets }, 3],
      [{ secrets: { OTHER: 'x', TOKEN: 'one' } }, 3],
      [{ secrets: { ...secrets, TOKEN: 'other' } }, 4],
      [{ secrets: {} }, 4],
    ];
    for (const [order, count] of orders) {
      await build(bot, order);
      expect([order, await environments()]).toEqual([order, Array(count).fill(expect.any(String))]);
    }
    expect(lines.filter((line) => line === 'Making a Python environment')).toHaveLength(4);
  });

  test('what is installed from the context is installed anew where only that has changed', async () => {
    // Without an index: the folder is a package that brings what builds it.
    const mytools = (version: string) => ({
      'libs/mytools/pyproject.toml': '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
      'libs/mytools/backend.py': backend(version),
    });
    const files = { 'bot.py': 'import mytools\ngreeting = mytools.greeting', 'requirements.txt': 'libs/mytools\n' };
    for (const greeting of ['old', 'new']) {
      const spec = specOf(await build({ ...files, ...mytools(greeting) }));
      await setup.driver.ensure(spec, never);
      const answer = await (await fetch(await whenAnswering(setup.driver, spec.instanceId))).text();
      expect(answer.split(' ')[0]).toBe(greeting);
    }
  });

  test('requirements that cannot be installed fail the build with the lines of pip', async () => {
    const files = { ...bot, 'requirements.txt': './not-there\n' };
    await expect(build(files)).rejects.toThrow(/Installing requirements failed: .*exit code 1/);
    expect(lines.join('\n')).toContain('not-there');
  });

  test('without a usable python3 it fails with the way out', async () => {
    setup.options.environment = { PATH: join(setup.directory, 'bin') };
    await setup.restart();
    await expect(build(bot)).rejects.toThrow(/found none\. Install Python 3\.10/);
    await mkdir(join(setup.directory, 'bin'));
    await writeFile(join(setup.directory, 'bin', 'python3'), '#!/bin/sh\necho 3 9 1 /usr/bin/python3\n', {
      mode: 0o755,
    });
    await expect(build(bot)).rejects.toThrow('the worker has 3.9.1');
  });
});
