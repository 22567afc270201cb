import { readFile, stat } from 'node:fs/promises';
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

  test('leaves no address of an earlier sign-in that the new token could be sent to', async () => {
    const old = 'https://old.example.com';
    const table = (name: string) => `[${name}]\napi_host = "${old}"\ndefault_public_key = "pk_${name}"\n`;
    const config = await cli.file(
      'moved.toml',
      `org = "old-team"\napi_host = "${old}"\n${table('old-team')}${table('beta')}`,
    );
    const env = { PIPECAT_API_HOST: server.host, PIPECAT_CONFIG_PATH: config };
    expect((await cli.run(['auth', 'use-pat', '--stdin'], { env, input: token })).code).toBe(0);
    expect(parse(await readFile(config, 'utf8'))).toEqual({
      ...{ token, org: 'acme', refresh_token: '', token_expires_at: 0 },
      'old-team': { default_public_key: 'pk_old-team' },
      acme: { api_host: server.host },
      beta: { api_host: server.host, default_public_key: 'pk_beta' },
    });
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

  test('select sends the stored token nowhere else, whatever address the table had', async () => {
    const config = await cli.file(
      'sel-old.toml',
      `token = "t"\norg = "acme"\n[acme]\napi_host = "${server.host}"\n[beta]\napi_host = "https://old.example.com"\n`,
    );
    const env = { PIPECAT_CONFIG_PATH: config };
    expect((await cli.run(['organizations', 'select', '-o', 'beta'], { env })).code).toBe(0);
    expect(parse(await readFile(config, 'utf8'))).toMatchObject({ org: 'beta', beta: { api_host: server.host } });
  });

  test('list marks the active one', async () => {
    const env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token };
    const { stdout } = await cli.run(['organizations', 'list', '--json'], { env });
    expect(JSON.parse(stdout).organizations.map((o: { active: boolean }) => o.active)).toEqual([true, false]);
  });
});
