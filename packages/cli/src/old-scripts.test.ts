import { beforeEach, describe, expect, test } from 'vitest';
import { useCli } from './testing/cli.js';
import { deployRoutes, org } from './testing/deploy-routes.js';
import { organizations, token, user, useServer } from './testing/server.js';
import { service } from './testing/service.js';

// What scripts of years hold that was never right, or is no more: each is refused in words that say what to change, and never exit 0.

const cli = useCli();
const server = useServer();
let env: Record<string, string>;

beforeEach(() => {
  env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token };
  server.routes = {
    'GET /v1/users': user,
    'GET /v1/organizations': organizations,
    [`GET ${org}/services`]: { json: { services: [service()] } },
    'GET /v1/organizations/others/services': {
      status: 403,
      json: {
        error: "This token reaches acme and beta; the request was for 'others'. Set PIPECAT_ORG to one of them",
        code: '403',
        reason: 'wrong_organization',
      },
    },
  };
});

describe('an organization of another account in the credentials file', () => {
  test('exit 7, with the file that names it, what the token reaches and what to set', async () => {
    const config = await cli.file('others.toml', 'org = "others"\ntoken = "t"\n');
    const outcome = await cli.run(['agent', 'list'], { env: { ...env, PIPECAT_CONFIG_PATH: config } });
    expect(outcome).toEqual({
      code: 7,
      stdout: '',
      stderr: `Error: This token reaches acme and beta; the request was for 'others'. Set PIPECAT_ORG to one of them
The organization 'others' came from ${config}. Set PIPECAT_ORG or pass --organization; 'organizations list' shows those that the token reaches.
`,
    });
    // A variable goes before it, and everything is well.
    const over = await cli.run(['agent', 'list'], {
      env: { ...env, PIPECAT_CONFIG_PATH: config, PIPECAT_ORG: 'acme' },
    });
    expect(over.code).toBe(0);
  });

  test('auth whoami says so too, with exit 7, where the official client goes on', async () => {
    const config = await cli.file('others.toml', 'org = "others"\n');
    const outcome = await cli.run(['auth', 'whoami'], { env: { ...env, PIPECAT_CONFIG_PATH: config } });
    expect(outcome.code).toBe(7);
    expect(outcome.stderr).toContain(
      `Error: You are dev@example.com, but the organization 'others' (from ${config}) can't be reached with the token from PIPECAT_TOKEN.\nIt reaches: acme, beta.`,
    );
  });
});

describe('an empty PIPECAT_TOKEN', () => {
  const refusal = `Error: PIPECAT_TOKEN is set but empty; stored credentials are not used in its place.
Put a token into it (in CI: is the job allowed to read that secret?), or unset it to use 'auth use-pat'.
`;

  test.each([
    ['agent', 'list'],
    ['deploy', 'bot', 'team/bot:1', '--yes', '--no-credentials'],
    ['secrets', 'list'],
    ['auth', 'whoami'],
    ['build', 'list'],
  ])('%s %s: exit 4, and no request is made', async (...words) => {
    const config = await cli.file('stored.toml', `token = "${token}"\norg = "acme"\n`);
    const args = words.filter((word): word is string => typeof word === 'string');
    const outcome = await cli.run(args, { env: { ...env, PIPECAT_TOKEN: '', PIPECAT_CONFIG_PATH: config } });
    expect(outcome).toEqual({ code: 4, stdout: '', stderr: refusal });
    expect(server.requests).toEqual([]);
  });
});

describe('precedence', () => {
  test('a token in the file does not go before PIPECAT_TOKEN, nor the table of an organization before the top of the file', async () => {
    const config = await cli.file(
      'both.toml',
      `token = "pcc_pat_stored"\norg = "others"\ndefault_public_key = "pk_top"\n[acme]\ndefault_public_key = "pk_table"\n`,
    );
    server.routes['POST /v1/public/bot/start'] = { json: { sessionId: 's' } };
    const all = { ...env, PIPECAT_CONFIG_PATH: config, PIPECAT_ORG: 'acme' };
    await cli.run(['agent', 'list'], { env: all });
    await cli.run(['agent', 'start', 'bot'], { env: all });
    await cli.run(['agent', 'start', 'bot'], { env: { ...all, PIPECAT_DEFAULT_PUBLIC_KEY: 'pk_variable' } });
    await cli.run(['agent', 'start', 'bot', '-k', 'pk_option'], {
      env: { ...all, PIPECAT_DEFAULT_PUBLIC_KEY: 'pk_variable' },
    });
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      `Bearer ${token}`,
      'Bearer pk_top',
      'Bearer pk_variable',
      'Bearer pk_option',
    ]);
  });

  test('--config-file goes before PIPECAT_DEPLOY_CONFIG_PATH, and an option before both', async () => {
    server.routes[`GET ${org}/services/named`] = { json: { body: service({ name: 'named' }) } };
    server.routes[`GET ${org}/services/argument`] = { json: { body: service({ name: 'argument' }) } };
    const [named, other] = [
      await cli.file('named.toml', 'agent_name = "named"\n'),
      await cli.file('other.toml', 'agent_name = "other"\n'),
    ];
    const all = { ...env, PIPECAT_ORG: 'acme', PIPECAT_DEPLOY_CONFIG_PATH: other };
    for (const args of [
      ['--config-file', named],
      ['argument', '--config-file', named],
    ]) {
      expect((await cli.run(['agent', 'status', ...args], { env: all })).code).toBe(0);
    }
    expect(server.calls()).toEqual([`GET ${org}/services/named`, `GET ${org}/services/argument`]);
    expect((await cli.run(['agent', 'status'], { env: all })).code).toBe(8);
  });

  test('a deploy file that is named and missing, or broken, is exit 1 and not passed over', async () => {
    const all = { ...env, PIPECAT_ORG: 'acme' };
    const missing = await cli.run(['deploy', '--config-file', '/nowhere.toml'], { env: all });
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('/nowhere.toml') });
    const broken = await cli.file('broken-deploy.toml', 'agent_name = \n');
    const outcome = await cli.run(['deploy', 'bot', '--yes', '--config-file', broken], { env: all });
    expect(outcome).toMatchObject({ code: 1, stderr: expect.stringContaining('not valid TOML, line 1') });
    expect(server.requests).toEqual([]);
  });
});

test('spellings that are no more: hidden options and old names still work', async () => {
  server.routes[`GET ${org}/apiKeys`] = { json: { public: [], private: [] } };
  const all = { ...env, PIPECAT_ORG: 'acme' };
  const outcome = await cli.run(['organizations', 'keys', 'delete', 'x'], { env: all });
  expect(outcome.code).toBe(8);
  const file = await cli.file('named.toml', 'agent_name = "bot"\n');
  server.routes[`GET ${org}/services/bot/sessions`] = { json: { sessions: [], total_count: 0 } };
  expect((await cli.run(['agent', 'sessions', '--deploy-config', file], { env: all })).code).toBe(0);
});

describe('an empty value, as of a variable that is not set, counts as not given', () => {
  const logs = {
    json: { logs: [{ log: 'a line', timestamp: '2026-04-20T10:00:00.000Z' }], total: { value: 1, relation: 'eq' } },
  };

  test('deploy takes what the deploy file says, or its default', async () => {
    server.routes = deployRoutes(server.host);
    const file = await cli.file('plain.toml', 'image = "team/bot:1"\n');
    const options = [
      '-b',
      '',
      '-d',
      '',
      '--dockerfile',
      '',
      '--build-secrets',
      '',
      '-c',
      '',
      '-s',
      '',
      '-p',
      '',
      '-r',
      '',
    ];
    const outcome = await cli.run(['deploy', 'bot', '', '-y', '--config-file', file, ...options], {
      env: { ...env, PIPECAT_ORG: 'acme' },
    });
    expect(outcome.code).toBe(0);
    const sent = server.requests.find(({ method, url }) => method === 'POST' && url === `${org}/services`);
    expect(sent?.json()).toEqual({
      serviceName: 'bot',
      image: 'team/bot:1',
      region: 'local',
      autoScaling: { minAgents: 0 },
    });
  });

  test('nor does it undo --no-credentials', async () => {
    server.routes = deployRoutes(server.host);
    server.routes[`GET ${org}/services/bot`] = { json: { body: service() } };
    const outcome = await cli.run(['deploy', 'bot', 'team/bot:1', '-nc', '-c', ''], {
      env: { ...env, PIPECAT_ORG: 'acme' },
    });
    // What is missing is the answer to the question, no longer the credentials.
    expect(outcome).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
    expect(outcome.stderr).not.toContain('No credentials');
  });

  test.each([
    ['agent list', ['agent', 'list', '-r', ''], `GET ${org}/services`],
    ['secrets list', ['secrets', 'list', '-r', ''], `GET ${org}/secrets`],
    ['build list', ['build', 'list', '--region='], `GET ${org}/builds`],
    ['agent logs', ['agent', 'logs', 'bot', '-d', '', '-s', ''], `GET ${org}/services/bot/logs`],
    ['agent sessions', ['agent', 'sessions', 'bot', '-i', ''], `GET ${org}/services/bot/sessions`],
  ])('%s sifts by nothing', async (_, args, request) => {
    server.routes[`GET ${org}/secrets`] = { json: { sets: [] } };
    server.routes[`GET ${org}/builds`] = { json: { builds: [], total: 0, limit: 10, offset: 0 } };
    server.routes[`GET ${org}/services/bot/logs`] = logs;
    server.routes[`GET ${org}/services/bot/sessions`] = { json: { sessions: [], total_count: 0 } };
    const outcome = await cli.run(args, { env: { ...env, PIPECAT_ORG: 'acme' } });
    expect(outcome.code).toBe(0);
    expect(server.calls()).toEqual([request]);
    const { searchParams } = new URL(server.requests[0]?.url ?? '', server.host);
    for (const name of ['region', 'deploymentId', 'sessionId']) expect(searchParams.has(name)).toBe(false);
  });

  test.each([
    ['secrets reference', ['secrets', 'reference', 'keys', '--region', ''], '--region'],
    ['agent stop', ['agent', 'stop', 'bot', '--force', '-s', ''], '--session-id'],
  ])('%s, which cannot do without: exit 2, and nothing is asked of the server', async (_, args, option) => {
    const outcome = await cli.run(args, { env: { ...env, PIPECAT_ORG: 'acme' } });
    expect(outcome).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(`Required option '-., ${option}`),
    });
    expect(server.requests).toEqual([]);
  });

  test('properties of a room that is not asked for are left out, whatever they are', async () => {
    server.routes[`POST ${org}/services/bot/sessions`] = { json: { sessionId: 'ses_1' } };
    const args = ['agent', 'start', 'bot', '--data', '{}', '-p', '{"x":'];
    const outcome = await cli.run(args, { env: { ...env, PIPECAT_ORG: 'acme' } });
    expect(outcome).toMatchObject({ code: 0, stderr: expect.stringContaining('--daily-properties is left out') });
    expect(server.requests[0]?.json()).toEqual({ createDailyRoom: false, body: {} });
  });

  test('but data of a session that is empty is no JSON', async () => {
    const outcome = await cli.run(['agent', 'start', 'bot', '--data', ''], { env: { ...env, PIPECAT_ORG: 'acme' } });
    expect(outcome).toMatchObject({ code: 2, stderr: expect.stringContaining('--data is not valid JSON') });
  });
});

test('a narrow refusal keeps its exit code with every way to print', async () => {
  server.routes[`GET ${org}/services`] = {
    status: 403,
    json: { error: 'agents:read is missing', code: '403', reason: 'missing_permission' },
  };
  for (const mode of ['rich', 'plain', 'json']) {
    const outcome = await cli.run(['--output', mode, 'agent', 'list'], { env: { ...env, PIPECAT_ORG: 'acme' } });
    expect(outcome.code).toBe(6);
  }
});
