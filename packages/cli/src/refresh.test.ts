import { existsSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { parse } from 'smol-toml';
import { beforeEach, describe, expect, test } from 'vitest';
import { useCli } from './testing/cli.js';
import { issuerRoutes, tokenForms } from './testing/issuer.js';
import { organizations, token as pat, useServer } from './testing/server.js';

const cli = useCli();
const server = useServer();
const seconds = () => Date.now() / 1000;
let issued: number;

beforeEach(() => {
  issued = 0;
  server.routes = {
    ...issuerRoutes(server.host),
    // Each refresh token once, as the real one does.
    'POST /oauth/token': ({ body }) => {
      const form = new URLSearchParams(body.toString());
      if (form.get('refresh_token') !== `refresh-${issued}`) return { status: 400, json: { error: 'invalid_grant' } };
      issued++;
      return { json: { access_token: `access-${issued}`, refresh_token: `refresh-${issued}`, expires_in: 3600 } };
    },
    'GET /v1/organizations': organizations,
    'GET /v1/organizations/acme/services': { json: { services: [] } },
    'POST /auth/logout': { json: { status: 'OK' } },
  };
});

const file = (name: string, expiresAt: number, token = 'access-0') =>
  cli.file(
    `${name}.toml`,
    `token = "${token}"\norg = "acme"\nrefresh_token = "refresh-0"\ntoken_expires_at = ${expiresAt}\n` +
      `[acme]\napi_host = "${server.host}"\ndefault_public_key = "pk_x"\n`,
  );
const list = (config: string, env = {}) => cli.run(['agent', 'list'], { env: { PIPECAT_CONFIG_PATH: config, ...env } });
const bearer = () => server.requests.at(-1)?.headers.authorization;

describe('a stored sign-in', () => {
  test('is renewed a minute before its end, and what came is stored beside the rest', async () => {
    const config = await file('soon', seconds() + 59.5);
    expect((await list(config)).code).toBe(0);
    expect(bearer()).toBe('Bearer access-1');
    expect(tokenForms(server)).toEqual([
      { client_id: 'pcc-cli', grant_type: 'refresh_token', refresh_token: 'refresh-0' },
    ]);
    const values = parse(await readFile(config, 'utf8'));
    expect(values).toMatchObject({ token: 'access-1', refresh_token: 'refresh-1', org: 'acme' });
    expect(values.acme).toEqual({ api_host: server.host, default_public_key: 'pk_x' });
    expect(Number(values.token_expires_at)).toBeGreaterThan(seconds() + 3500);
    expect(existsSync(`${config}.lock`)).toBe(false);
  });

  test('is used as it is while it lives', async () => {
    const config = await file('fresh', seconds() + 3600);
    expect((await list(config)).code).toBe(0);
    expect([bearer(), tokenForms(server)]).toEqual(['Bearer access-0', []]);
  });

  test('is renewed once by commands that run at the same time', async () => {
    const config = await file('many', 1);
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => list(config)));
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    expect(tokenForms(server)).toHaveLength(1);
    expect(parse(await readFile(config, 'utf8'))).toMatchObject({ refresh_token: 'refresh-1' });
  });

  test('that has ended at the server says what to do, and stays as it is', async () => {
    const config = await file('ended', 1);
    issued = 7;
    const outcome = await list(config);
    expect(outcome.code).toBe(5);
    expect(outcome.stderr).toMatch(/sign-in has ended[\s\S]*auth login/);
    expect(parse(await readFile(config, 'utf8'))).toMatchObject({ refresh_token: 'refresh-0' });
    expect(existsSync(`${config}.lock`)).toBe(false);
  });

  test('a lock that a dead process left behind holds nobody up', async () => {
    const config = await file('crashed', 1);
    await cli.file('crashed.toml.lock', 'deadbeef 999999999\n');
    expect((await list(config)).code).toBe(0);
  });

  test('a personal access token is never renewed, nor is a token from the environment', async () => {
    const stored = await file('pat', 1, pat);
    expect((await list(stored)).code).toBe(0);
    const config = await file('env', 1);
    const env = { PIPECAT_TOKEN: 'given', PIPECAT_API_HOST: server.host, PIPECAT_ORG: 'acme' };
    expect((await list(config, env)).code).toBe(0);
    expect([bearer(), tokenForms(server)]).toEqual(['Bearer given', []]);
  });

  test('ends at the server when its owner signs out', async () => {
    const config = await file('out', 1);
    const outcome = await cli.run(['auth', 'logout'], {
      env: { PIPECAT_CONFIG_PATH: config, PIPECAT_API_HOST: server.host },
    });
    expect(outcome.stdout).toContain('ended at the server too');
    const sent = server.requests.find(({ url }) => url === '/auth/logout');
    expect([sent?.json(), sent?.headers.authorization]).toEqual([{ refresh_token: 'refresh-0' }, 'Bearer access-0']);
    expect(existsSync(config)).toBe(false);
  });

  test('ends there too where the environment names another token and an organization elsewhere', async () => {
    const config = await file('out-other', 1);
    await appendFile(config, '[old-team]\napi_host = "http://127.0.0.1:9"\n');
    const env = { PIPECAT_CONFIG_PATH: config, PIPECAT_TOKEN: 'other', PIPECAT_ORG: 'old-team' };
    expect((await cli.run(['auth', 'logout'], { env })).stdout).toContain('ended at the server too');
  });
});
