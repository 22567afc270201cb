import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { useCli } from './testing/cli.js';
import { organizations, token, user, useServer } from './testing/server.js';

const cli = useCli();
const server = useServer();
const services = { json: { services: [] } };

beforeEach(() => {
  server.routes = {
    'GET /v1/users': user,
    'GET /v1/organizations': organizations,
    'GET /v1/organizations/acme/services': services,
    'GET /v1/organizations/beta/services': services,
    'GET /v1/organizations/gamma/services': services,
    'GET /v1/organizations/delta/services': services,
  };
});

const authorizations = () => server.requests.map(({ headers }) => headers.authorization);

describe('the organization comes from', () => {
  const asked = () => server.calls().at(-1);

  test('the flag, then PIPECAT_ORG, then the file, then the first that the token reaches', async () => {
    const config = await cli.file('org.toml', 'org = "delta"\n');
    const env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token };

    await cli.run(['agent', 'list'], { env });
    expect(asked()).toBe('GET /v1/organizations/acme/services');
    await cli.run(['agent', 'list'], { env: { ...env, PIPECAT_CONFIG_PATH: config } });
    expect(asked()).toBe('GET /v1/organizations/delta/services');
    await cli.run(['agent', 'list'], { env: { ...env, PIPECAT_CONFIG_PATH: config, PIPECAT_ORG: 'gamma' } });
    expect(asked()).toBe('GET /v1/organizations/gamma/services');
    await cli.run(['agent', 'list', '-o', 'beta'], {
      env: { ...env, PIPECAT_CONFIG_PATH: config, PIPECAT_ORG: 'gamma' },
    });
    expect(asked()).toBe('GET /v1/organizations/beta/services');
  });
});

test('an endpoint is asked where its setting says, and a value that is no path is exit 2', async () => {
  server.routes['GET /cloud/acme/agents'] = services;
  const env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token, PIPECAT_ORG: 'acme' };
  const moved = await cli.run(['agent', 'list'], { env: { ...env, PIPECAT_SERVICES_PATH: '/cloud/{org}/agents' } });
  expect([moved.code, server.calls().at(-1)]).toEqual([0, 'GET /cloud/acme/agents']);
  const wrong = await cli.run(['agent', 'list'], { env: { ...env, PIPECAT_SERVICES_PATH: 'agents' } });
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('PIPECAT_SERVICES_PATH');
});

describe('the token comes from', () => {
  test('PIPECAT_TOKEN, without the line end that reading a file leaves, before the stored one', async () => {
    const config = await cli.file('token.toml', 'token = "pcc_pat_stored"\norg = "acme"\n');
    const env = { PIPECAT_API_HOST: server.host, PIPECAT_CONFIG_PATH: config };

    await cli.run(['agent', 'list'], { env });
    await cli.run(['agent', 'list'], { env: { ...env, PIPECAT_TOKEN: `${token}\n` } });
    expect(authorizations()).toEqual(['Bearer pcc_pat_stored', `Bearer ${token}`]);
  });

  test('nowhere when PIPECAT_TOKEN is empty: exit 4, and the stored one is not used', async () => {
    const config = await cli.file('token.toml', 'token = "pcc_pat_stored"\norg = "acme"\n');
    const env = { PIPECAT_API_HOST: server.host, PIPECAT_CONFIG_PATH: config, PIPECAT_TOKEN: '' };

    const outcome = await cli.run(['agent', 'list'], { env });
    expect(outcome.code).toBe(4);
    expect(outcome.stderr).toContain('PIPECAT_TOKEN is set but empty');
    expect(server.requests).toEqual([]);
  });

  test('nowhere when nothing holds one: exit 4', async () => {
    const outcome = await cli.run(['agent', 'list'], { env: { PIPECAT_API_HOST: server.host } });
    expect(outcome.code).toBe(4);
    expect(outcome.stderr).toContain('PIPECAT_TOKEN');
    expect(outcome.stderr).toContain('auth use-pat');
  });
});

describe('the API host comes from', () => {
  const dead = 'http://127.0.0.1:9';

  test("the environment before the organization's table, and that of the stored organization serves all", async () => {
    const config = await cli.file('host.toml', `org = "acme"\ntoken = "t"\n[acme]\napi_host = "${server.host}"\n`);
    const env = { PIPECAT_CONFIG_PATH: config };

    expect((await cli.run(['agent', 'list'], { env })).code).toBe(0);
    // A flag for another organization must not send the token to the default address.
    expect((await cli.run(['agent', 'list', '-o', 'beta'], { env })).code).toBe(0);
    const outcome = await cli.run(['agent', 'list'], { env: { ...env, PIPECAT_API_HOST: dead } });
    expect(outcome.code).toBe(12);
    expect(outcome.stderr).toContain(dead);
  });

  test('the stored organization for the stored token, also where another table names an old host', async () => {
    const config = await cli.file(
      'old.toml',
      `org = "acme"\ntoken = "t"\n[acme]\napi_host = "${server.host}"\n[beta]\napi_host = "${dead}"\n`,
    );
    const env = { PIPECAT_CONFIG_PATH: config };
    expect((await cli.run(['agent', 'list', '-o', 'beta'], { env })).code).toBe(0);
    expect((await cli.run(['agent', 'list'], { env: { ...env, PIPECAT_ORG: 'beta' } })).code).toBe(0);
    expect(authorizations()).toEqual(['Bearer t', 'Bearer t']);
    // A token from the environment was stored with no host: the table of the active organization serves, as ever.
    const own = await cli.run(['agent', 'list', '-o', 'beta'], { env: { ...env, PIPECAT_TOKEN: token } });
    expect(own.code).toBe(12);
    expect(own.stderr).toContain(dead);
  });

  test('the top level of the file before the table', async () => {
    const config = await cli.file(
      'top.toml',
      `org = "acme"\ntoken = "t"\napi_host = "${server.host}"\n[acme]\napi_host = "${dead}"\n`,
    );
    expect((await cli.run(['agent', 'list'], { env: { PIPECAT_CONFIG_PATH: config } })).code).toBe(0);
  });

  test('an address with the version that each path begins with is the one without', async () => {
    for (const end of ['/v1', '/v1/', '/base/v1']) {
      server.requests.length = 0;
      await cli.run(['organizations', 'list'], {
        env: { PIPECAT_API_HOST: `${server.host}${end}`, PIPECAT_TOKEN: token },
      });
      expect(server.calls()[0]).toBe(`GET ${end === '/base/v1' ? '/base' : ''}/v1/organizations`);
    }
  });

  test('nothing that is no address: exit 2', async () => {
    const outcome = await cli.run(['agent', 'list'], {
      env: { PIPECAT_API_HOST: 'cloud.example.com', PIPECAT_TOKEN: token },
    });
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain('PIPECAT_API_HOST');
  });
});

describe('a credentials file that can not be used', () => {
  test('invalid TOML: exit 1, with file and line, without its content', async () => {
    const config = await cli.file('broken.toml', `org = "acme"\ntoken = ${token}\n`);
    const outcome = await cli.run(['agent', 'list'], { env: { PIPECAT_CONFIG_PATH: config } });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain(`${config} is not valid TOML (line 2`);
    expect(outcome.stderr).not.toContain('0123456789abcdef');
  });

  test('unreadable: exit 1, with the reason', async () => {
    const config = join(cli.folder, 'a-directory.toml');
    await mkdir(config, { recursive: true });
    const outcome = await cli.run(['agent', 'list'], { env: { PIPECAT_CONFIG_PATH: config, PIPECAT_TOKEN: token } });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain(`${config} can't be read: it is a directory`);
  });

  test('wrong type: exit 1, with the key', async () => {
    const config = await cli.file('type.toml', 'token = 5\n');
    const outcome = await cli.run(['agent', 'list'], { env: { PIPECAT_CONFIG_PATH: config } });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain("'token' must be a string");
  });

  test('open to others: closed, with a warning, and used', async () => {
    const config = await cli.file('open.toml', 'token = "t"\norg = "acme"\n', 0o644);
    const outcome = await cli.run(['agent', 'list'], {
      env: { PIPECAT_CONFIG_PATH: config, PIPECAT_API_HOST: server.host },
    });
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toContain('could be read by other users');
    expect((await stat(config)).mode & 0o777).toBe(0o600);
  });
});

test('--show-cli-config shows settings and origins, never the token', async () => {
  const env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token };
  const outcome = await cli.run(['--show-cli-config'], { env });
  expect(outcome.code).toBe(0);
  expect(outcome.stdout).toContain('pcc_pat_…4567 (PIPECAT_TOKEN)');
  expect(outcome.stdout).not.toContain(token);
});
