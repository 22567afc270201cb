import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useCli } from './testing/cli.js';
import { token, useServer } from './testing/server.js';

const cli = useCli();
const server = useServer();

test('--version prints the version of the package, alone', async () => {
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  expect(await cli.run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  expect((await cli.run(['cloud', '--version'])).stdout).toBe(`${version}\n`);
  for (const args of [
    ['--version', '--json'],
    ['cloud', '-V', '--json'],
  ]) {
    expect(JSON.parse((await cli.run(args)).stdout)).toEqual({ version });
  }
});

test('--help goes to standard output and is a document with --json', async () => {
  const text = await cli.run(['--help']);
  expect(text).toMatchObject({ code: 0, stderr: '' });
  expect(text.stdout).toContain('Usage: pipecat cloud');
  const json = await cli.run(['agent', 'start', '--help', '--json']);
  expect(JSON.parse(json.stdout).help).toContain('--use-daily');
  expect((await cli.run([])).stdout).toBe(text.stdout);
});

describe('pipecat, pipecat cloud, pcc, pipecatcloud and each with cloud are one command', () => {
  test('whatever the executable is called', async () => {
    server.routes['GET /v1/organizations/acme/services'] = { json: { services: [] } };
    const env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token, PIPECAT_ORG: 'acme' };
    const text = 'No agents in acme. Deploy one with: pipecat cloud deploy\n';
    // Scripts read the headings alone; the sentence is for people.
    expect(await cli.run(['agent', 'list'], { env })).toEqual({
      code: 0,
      stdout: 'NAME\tREGION\tID\tDEPLOYMENT\tCREATED\tUPDATED\tGITHUB\tREADY\n',
      stderr: text,
    });
    expect((await cli.run(['cloud', 'agent', 'list'], { env })).stderr).toBe(text);
    expect(JSON.parse((await cli.run(['--json', 'cloud', 'agent', 'list'], { env })).stdout)).toEqual({ agents: [] });
  });

  test.each(['pcc', 'pipecatcloud'])('%s is installed and names itself so in its help', async (name) => {
    const { bin } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
    const link = join(cli.folder, 'app/bin', name);
    await symlink(join(cli.folder, 'app', bin[name]), link);
    const child = spawn(process.execPath, [link, '--help'], { env: { HOME: cli.home } });
    let out = '';
    for await (const chunk of child.stdout) out += chunk;
    expect(out).toContain(`Usage: ${name} `);
  });
});

test('a closed pipe is no failure', async () => {
  const child = spawn('/bin/sh', ['-c', `"${process.execPath}" "${cli.executable}" completion bash | true`], {
    env: { HOME: cli.home },
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

test.skipIf(!existsSync('/dev/full'))('output that can not be written is exit 1, with the reason', async () => {
  server.routes['GET /v1/organizations/acme/services'] = { json: { services: [] } };
  const env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token, PIPECAT_ORG: 'acme', HOME: cli.home };
  for (const args of ['agent list', 'agent list --json', '--help']) {
    const child = spawn('/bin/sh', ['-c', `"${process.execPath}" "${cli.executable}" ${args} > /dev/full`], { env });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Error: standard output can't be written: the disk is full\.$/m);
    expect(stderr).not.toContain(' at ');
  }
});

test('an old Node.js gets one line and exit 1, before anything else loads', async () => {
  const old = await cli.file('old.cjs', "Object.defineProperty(process.versions, 'node', { value: '20.18.3' })");
  const app = await cli.file('bare/bin/pipecat.js', await readFile(cli.executable, 'utf8'));
  await cli.file('bare/package.json', '{"type":"module"}');
  const child = spawn(process.execPath, ['--require', old, app, 'agent', 'list']);
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect(code).toBe(1);
  expect(stderr).toMatch(/^pipecat needs Node\.js 20\.19 or newer; this is 20\.18\.3\.[^\n]*\n$/);
});

test('colours only where NO_COLOR and FORCE_COLOR allow them', async () => {
  const esc = String.fromCharCode(27);
  server.routes['GET /v1/organizations/acme/regions'] = {
    json: { regions: [{ code: 'local', display_name: 'Here' }] },
  };
  const env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token, PIPECAT_ORG: 'acme' };
  expect((await cli.run(['regions', 'list'], { env })).stdout).toBe(
    'CODE\tNAME\tARCHITECTURES\tDEFAULT\nlocal\tHere\t-\t-\n',
  );
  const rich = ['--output', 'rich', 'regions', 'list'];
  expect((await cli.run(rich, { env })).stdout).toBe(
    'CODE   NAME  ARCHITECTURES  DEFAULT\nlocal  Here  -              -\n',
  );
  expect((await cli.run(rich, { env: { ...env, FORCE_COLOR: '1' } })).stdout).toContain(esc);
  expect((await cli.run(rich, { env: { ...env, FORCE_COLOR: '1', NO_COLOR: '1' } })).stdout).not.toContain(esc);
});
