import { beforeEach, describe, expect, test } from 'vitest';
import { useCli } from './testing/cli.js';
import { token, useServer } from './testing/server.js';
import { service } from './testing/service.js';
import { runOnTerminal } from './testing/terminal.js';

const cli = useCli();
const server = useServer();
let env: Record<string, string>;
const esc = String.fromCharCode(27);

beforeEach(() => {
  env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token, PIPECAT_ORG: 'acme' };
  server.routes['GET /v1/organizations/acme/services'] = { json: { services: [service()] } };
  server.routes['GET /v1/organizations/acme/services/bot'] = { json: { body: service() } };
});

const kindOf = (text: string) => (text.startsWith('{') ? 'json' : text.includes('\t') ? 'plain' : 'rich');

describe('how it is printed comes from', () => {
  test('the line, then PIPECAT_OUTPUT, then the file, then whether it is a terminal', async () => {
    const config = await cli.file('output.toml', 'org = "acme"\n[acme]\noutput = "rich"\n');
    const kind = async (args: string[], more: Record<string, string> = {}) =>
      kindOf((await cli.run([...args, 'agent', 'list'], { env: { ...env, ...more } })).stdout);
    expect(await kind([])).toBe('plain');
    expect(await kind([], { PIPECAT_CONFIG_PATH: config })).toBe('rich');
    expect(await kind([], { PIPECAT_CONFIG_PATH: config, PIPECAT_OUTPUT: 'json' })).toBe('json');
    expect(await kind(['--output', 'plain'], { PIPECAT_CONFIG_PATH: config, PIPECAT_OUTPUT: 'json' })).toBe('plain');
    expect(await kind(['--output=rich'], { PIPECAT_OUTPUT: 'json' })).toBe('rich');
    expect(await kind(['cloud', '--output', 'json'])).toBe('json');
  });

  test('anywhere on the line', async () => {
    for (const args of [
      ['agent', '--output', 'json', 'list'],
      ['agent', 'list', '--output', 'json'],
      ['agent', '--json', 'list'],
      ['--json', 'agent', 'list'],
      ['--output', 'rich', 'agent', 'list', '--json'],
    ]) {
      expect(kindOf((await cli.run(args, { env })).stdout)).toBe('json');
    }
  });

  test.each([
    [['--output', 'yaml', 'agent', 'list'], {}, "'yaml' (from --output)"],
    [['agent', 'list', '--output'], {}, "'' (from --output)"],
    [['agent', 'list'], { PIPECAT_OUTPUT: 'xml' }, "'xml' (from PIPECAT_OUTPUT)"],
  ])('nothing that is no way to print: %j %o is exit 2', async (args, more, text) => {
    const outcome = await cli.run(args, { env: { ...env, ...more } });
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toContain(text);
    expect(outcome.stderr).toContain('rich, plain, json');
    expect(server.requests).toEqual([]);
  });

  test('an empty PIPECAT_OUTPUT is none', async () => {
    expect(kindOf((await cli.run(['agent', 'list'], { env: { ...env, PIPECAT_OUTPUT: '' } })).stdout)).toBe('plain');
  });

  test('a wrong line is told in JSON where that was asked for', async () => {
    const outcome = await cli.run(['agent', 'lst', '--output', 'json'], { env });
    expect(outcome.code).toBe(2);
    expect(JSON.parse(outcome.stdout)).toMatchObject({ code: 'USAGE' });
  });
});

describe('a terminal', () => {
  const lines = (text: string) => text.trimEnd().split('\n');

  test.each([80, 60])('of %i columns is never wider filled', async (columns) => {
    const name = 'an-agent-with-a-name-of-thirty-1';
    server.routes['GET /v1/organizations/acme/services'] = {
      json: { services: [service({ name, activeDeploymentId: '13c06a4e-9b7e-4c1d-9a2f-000000000001' })] },
    };
    const { stdout } = await runOnTerminal(['agent', 'list'], { env, columns });
    for (const line of lines(stdout)) expect(line.length).toBeLessThanOrEqual(columns);
    expect(stdout).toContain(name);
    // As much of the id as rollback takes, so that there is room for the whole time.
    if (columns === 80) expect(stdout).toContain('  13c06a4e    2026-04-20 10:05');
    const { agents } = JSON.parse((await cli.run(['agent', 'list', '--json'], { env })).stdout);
    expect(agents[0].activeDeploymentId).toBe('13c06a4e-9b7e-4c1d-9a2f-000000000001');
  });

  test('with --output plain gets what a pipe gets: tabs, nothing cut, no colours, nothing that moves', async () => {
    const { NO_COLOR, ...colourful } = { NO_COLOR: '', ...env };
    const plain = await runOnTerminal(['--output', 'plain', 'agent', 'list'], { env: colourful });
    expect(plain.stdout).toBe((await cli.run(['agent', 'list'], { env })).stdout);
    expect(plain.stdout + plain.stderr).not.toContain(esc);
    expect(NO_COLOR).toBe('');
  });

  test('a cell with tabs and line ends in it stays one cell', async () => {
    server.routes['GET /v1/organizations/acme/regions'] = {
      json: { regions: [{ code: 'a\tb', display_name: 'c\nd' }] },
    };
    expect((await cli.run(['regions', 'list'], { env })).stdout).toBe(
      'CODE\tNAME\tARCHITECTURES\tDEFAULT\na b\tc d\t-\t-\n',
    );
  });
});
