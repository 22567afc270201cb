import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'smol-toml';
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

  test('the top level of the file before the table', async () => {
    const config = await cli.file(
      'top.toml',
      `org = "acme"\ntoken = "t"\napi_host = "${server.host}"\n[acme]\napi_host = "${dead}"\n`,
    );
    expect((await cli.run(['agent', 'list'], { env: { PIPECAT_CONFIG_PATH: config } })).code).toBe(0);
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

describe('auth use-pat', () => {
  test('stores the token from standard input, closed to others, in a form that official clients accept', async () => {
    const config = join(cli.folder, 'fresh/pipecatcloud/pipecatcloud.toml');
    const env = { PIPECAT_API_HOST: server.host, PIPECAT_CONFIG_PATH: config };
    const outcome = await cli.run(['auth', 'use-pat', '--stdin'], { env, input: `${token}\n` });

    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(outcome.stdout).not.toContain(token);
    expect((await stat(config)).mode & 0o777).toBe(0o600);
    expect((await stat(join(config, '..'))).mode & 0o777).toBe(0o700);
    const stored = parse(await readFile(config, 'utf8'));
    expect(stored).toEqual({
      ...{ token, org: 'acme', refresh_token: '', token_expires_at: 0 },
      ...{ acme: { api_host: server.host }, beta: { api_host: server.host } },
    });
    // Now without any variable but the path.
    expect((await cli.run(['agent', 'list'], { env: { PIPECAT_CONFIG_PATH: config } })).code).toBe(0);
    expect(authorizations().at(-1)).toBe(`Bearer ${token}`);
  });

  test('keeps a chosen organization and what other tables hold', async () => {
    const config = await cli.file('keep.toml', 'org = "beta"\n[beta]\ndefault_public_key = "pk_x"\n');
    const env = { PIPECAT_API_HOST: server.host, PIPECAT_CONFIG_PATH: config };
    const path = await cli.file('pat.txt', `${token}\n`);
    expect((await cli.run(['auth', 'use-pat', '--token-file', path], { env })).code).toBe(0);
    const stored = parse(await readFile(config, 'utf8'));
    expect(stored.org).toBe('beta');
    expect(stored.beta).toEqual({ default_public_key: 'pk_x', api_host: server.host });
  });

  test('accepts the positional form, and warns of it', async () => {
    const config = join(cli.folder, 'positional.toml');
    const env = { PIPECAT_API_HOST: server.host, PIPECAT_CONFIG_PATH: config };
    const outcome = await cli.run(['auth', 'use-pat', token], { env });
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toContain('visible in process lists');
    expect(outcome.stdout + outcome.stderr).not.toContain(token);
  });

  test.each([
    ['refused by the server', token, 5],
    ['a private API key', 'sk_0123456789abcdef0123456789abcdef0123456776953425', 5],
    ['some other text', 'hello', 5],
    ['nothing', '\n', 2],
  ])('%s: nothing is stored', async (_, input, code) => {
    server.routes['GET /v1/organizations'] = {
      status: 401,
      json: { error: 'This token was revoked', code: '401', reason: 'revoked_token' },
    };
    const config = join(cli.folder, 'never.toml');
    const outcome = await cli.run(['auth', 'use-pat', '--stdin'], {
      env: { PIPECAT_API_HOST: server.host, PIPECAT_CONFIG_PATH: config },
      input,
    });
    expect(outcome.code).toBe(code);
    expect(outcome.stderr).not.toContain('0123456789abcdef');
    await expect(stat(config)).rejects.toThrow('ENOENT');
  });

  test('a token that reaches no organization: exit 6, nothing is stored', async () => {
    server.routes['GET /v1/organizations'] = { json: { organizations: [] } };
    const config = join(cli.folder, 'never.toml');
    const env = { PIPECAT_API_HOST: server.host, PIPECAT_CONFIG_PATH: config };
    expect((await cli.run(['auth', 'use-pat', '--stdin'], { env, input: token })).code).toBe(6);
    await expect(stat(config)).rejects.toThrow('ENOENT');
  });

  test('an unwritable place: exit 1, with the reason', async () => {
    const blocked = await cli.file('plain-file', '');
    const env = { PIPECAT_API_HOST: server.host, PIPECAT_CONFIG_PATH: join(blocked, 'x.toml') };
    const outcome = await cli.run(['auth', 'use-pat', '--stdin'], { env, input: token });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('a part of its path is not a directory');
  });
});

describe('whoami and logout', () => {
  test('whoami says who, and where everything comes from, with the token masked', async () => {
    const env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token, PIPECAT_ORG: 'beta' };
    const text = await cli.run(['auth', 'whoami'], { env });
    expect(text.code).toBe(0);
    for (const part of ['dev@example.com', 'beta', 'PIPECAT_ORG', 'PIPECAT_TOKEN', server.host, 'PIPECAT_API_HOST']) {
      expect(text.stdout).toContain(part);
    }
    expect(text.stdout).not.toContain(token);

    const json = JSON.parse((await cli.run(['auth', 'whoami', '--json'], { env })).stdout);
    expect(json).toMatchObject({
      user: { id: 'usr_1', email: 'dev@example.com' },
      organization: { name: 'beta', source: 'environment', from: 'PIPECAT_ORG' },
      token: { masked: 'pcc_pat_…4567', source: 'environment' },
      apiHost: { value: server.host, source: 'environment' },
    });
  });

  test('an organization of the file that the token does not reach: exit 7, with both origins', async () => {
    const config = await cli.file('other.toml', 'org = "gone"\n');
    const env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token, PIPECAT_CONFIG_PATH: config };
    const outcome = await cli.run(['auth', 'whoami'], { env });
    expect(outcome.code).toBe(7);
    expect(outcome.stderr).toMatch(/'gone' \(from .*other\.toml\).*token from PIPECAT_TOKEN/);
    expect(outcome.stderr).toContain('It reaches: acme, beta');
  });

  test('logout removes the file, a broken one too, and mentions a token that stays in the environment', async () => {
    const config = await cli.file('bye.toml', 'not toml at all =');
    const env = { PIPECAT_CONFIG_PATH: config, PIPECAT_TOKEN: token };
    const outcome = await cli.run(['auth', 'logout'], { env });
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toContain('PIPECAT_TOKEN is still set');
    await expect(stat(config)).rejects.toThrow('ENOENT');
    expect((await cli.run(['auth', 'logout'], { env: { PIPECAT_CONFIG_PATH: config } })).code).toBe(0);
  });
});

describe('organizations', () => {
  test('select writes the organization and takes the address along', async () => {
    const config = await cli.file('sel.toml', `token = "t"\norg = "acme"\n[acme]\napi_host = "${server.host}"\n`);
    const env = { PIPECAT_CONFIG_PATH: config };
    expect((await cli.run(['organizations', 'select', '-o', 'beta'], { env })).code).toBe(0);
    expect(parse(await readFile(config, 'utf8'))).toMatchObject({ org: 'beta', beta: { api_host: server.host } });
    const refused = await cli.run(['organizations', 'select', '-o', 'gone'], { env });
    expect(refused.code).toBe(7);
    expect(refused.stderr).toContain('acme, beta');
  });

  test('list marks the active one', async () => {
    const env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token };
    const { stdout } = await cli.run(['organizations', 'list', '--json'], { env });
    expect(JSON.parse(stdout).organizations.map((o: { active: boolean }) => o.active)).toEqual([true, false]);
  });
});

test('--show-cli-config shows settings and origins, never the token', async () => {
  const env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token };
  const outcome = await cli.run(['--show-cli-config'], { env });
  expect(outcome.code).toBe(0);
  expect(outcome.stdout).toContain('pcc_pat_…4567 (PIPECAT_TOKEN)');
  expect(outcome.stdout).not.toContain(token);
});
