import { beforeEach, describe, expect, test } from 'vitest';
import { inDays, tokenRow } from './testing/access.js';
import { useCli } from './testing/cli.js';
import { organizations, token, user, useServer } from './testing/server.js';
import { service } from './testing/service.js';

const cli = useCli();
const server = useServer();
const org = '/v1/organizations/acme';
let env: Record<string, string>;

beforeEach(() => {
  env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token, PIPECAT_ORG: 'acme', PATH: '/nowhere' };
  server.routes = {
    'GET /readyz': { json: { status: 'ok' } },
    'GET /v1/users': user,
    'GET /v1/organizations': organizations,
    'GET /v1/tokens/self': { json: { token: tokenRow({ expiresAt: inDays(60) }) } },
    'GET /v1/tokens/self/can': { json: { allowed: true } },
    [`GET ${org}/regions`]: { json: { regions: [{ code: 'local', display_name: 'Here' }] } },
    [`GET ${org}/services`]: { json: { services: [service()] } },
  };
});

interface Found {
  ok: boolean;
  checks: { name: string; state: string; text: string; hint?: string }[];
}
async function doctor(more: Record<string, string> = {}, args: string[] = []) {
  const outcome = await cli.run(['doctor', '--json', ...args], { env: { ...env, ...more } });
  const found = JSON.parse(outcome.stdout) as Found;
  const of = (name: string) => found.checks.filter((check) => check.name === name);
  return { ...found, ...outcome, of, states: new Set(found.checks.map(({ state }) => state)) };
}

test('all is well: exit 0, and every subject was looked at', async () => {
  const found = await doctor();
  expect(found).toMatchObject({ code: 0, ok: true, states: new Set(['ok']) });
  expect(new Set(found.checks.map(({ name }) => name.split(' ')[0]))).toEqual(
    new Set([
      ...['settings', 'deploy', 'server', 'clock', 'credential', 'organization', 'permission', 'lifetime'],
      ...['regions', 'agents', 'docker'],
    ]),
  );
  const text = await cli.run(['doctor'], { env });
  expect(text.stdout).toMatch(/^✓ /);
  expect(text.stderr).toContain('All is well');
});

describe('what is wrong, with the way out', () => {
  test('a credentials file that is none: exit 1', async () => {
    const found = await doctor({ PIPECAT_CONFIG_PATH: await cli.file('broken.toml', 'org = = 1\n') });
    expect(found).toMatchObject({ code: 1, ok: false });
    expect(found.of('settings')[0]).toMatchObject({ state: 'failed', hint: expect.stringContaining('auth login') });
    expect(server.requests).toEqual([]);
  });

  test('a deploy file that is wrong: exit 1, and the rest is looked at', async () => {
    const found = await doctor({}, ['--config-file', await cli.file('wrong.toml', 'colour = "red"\n')]);
    expect(found.code).toBe(1);
    expect(found.of('deploy file')[0]).toMatchObject({ state: 'failed', text: expect.stringContaining('colour') });
    expect(found.of('credential')).toHaveLength(1);
  });

  test('nothing listens: exit 12, and nothing that needs the server is said', async () => {
    const found = await doctor({ PIPECAT_API_HOST: 'http://127.0.0.1:9' });
    expect(found.code).toBe(12);
    expect(found.of('server')[0]?.text).toContain('connection refused');
    expect(found.of('credential')).toEqual([]);
  });

  test('a database that does not answer, and a page of something else: exit 12', async () => {
    server.routes['GET /readyz'] = { status: 503, json: { error: 'The database does not answer', code: '503' } };
    expect(await doctor()).toMatchObject({ code: 12 });
    server.routes['GET /readyz'] = { type: 'text/html', text: '<html>Welcome to nginx' };
    const found = await doctor();
    expect(found.code).toBe(12);
    expect(found.of('server')[0]?.text).toContain('Welcome to nginx');
  });

  test.each([
    [120, 0, 'warning'],
    [600, 1, 'failed'],
  ])('a clock that is %i seconds off: exit %i, %s', async (seconds, code, state) => {
    server.routes['GET /readyz'] = () => ({
      json: { status: 'ok' },
      headers: { date: new Date(Date.now() - seconds * 1000).toUTCString() },
    });
    const found = await doctor();
    expect(found.code).toBe(code);
    expect(found.of('clock')[0]).toMatchObject({ state, text: expect.stringContaining('ahead of') });
  });

  test('no token, a refused one, one of another organization: their exit codes', async () => {
    expect((await doctor({ PIPECAT_TOKEN: '' })).code).toBe(4);
    expect((await doctor({ PIPECAT_ORG: 'others' })).code).toBe(7);
    server.routes['GET /v1/tokens/self'] = {
      status: 401,
      json: { error: 'It has expired', code: '401', reason: 'expired_token' },
    };
    const found = await doctor();
    expect(found.code).toBe(5);
    expect(found.of('credential')[0]).toMatchObject({ state: 'failed', text: 'It has expired' });
  });

  test('a permission that is missing: exit 6', async () => {
    server.routes['GET /v1/tokens/self/can'] = {
      json: { allowed: false, reason: 'missing_permission', error: 'An admin can grant it' },
    };
    expect((await doctor()).code).toBe(6);
  });

  test('no region: exit 9; agents that are down are remarks with the reason', async () => {
    server.routes[`GET ${org}/services`] = { json: { services: [service({ ready: false })] } };
    const waiting = service({ ready: false, reconciledDeploymentId: null });
    server.routes[`GET ${org}/services/bot`] = { json: { body: waiting } };
    const found = await doctor();
    expect(found.code).toBe(0);
    expect(found.of('agents')[0]).toMatchObject({ state: 'warning', text: expect.stringContaining('no worker') });
    server.routes[`GET ${org}/regions`] = { json: { regions: [] } };
    expect((await doctor()).code).toBe(9);
  });
});

test('a region of the own whose workers are away is remarked on', async () => {
  const region = (workers: object[]) => ({ json: { region_key: 'local', workers } });
  server.routes[`GET ${org}/regions/local`] = region([{ id: 'w', name: 'w', connected: false }]);
  const found = await doctor();
  expect(found.code).toBe(0);
  expect(found.of('engine')[0]).toMatchObject({
    state: 'warning',
    hint: expect.stringContaining('regions show local'),
  });
  server.routes[`GET ${org}/regions/local`] = region([{ id: 'w', name: 'w', connected: true }]);
  expect((await doctor()).of('engine')[0]?.state).toBe('ok');
});

test.each([
  [{ PIPECAT_CLOUD_API_KEY: 'x', PIPECAT_TOKEN: undefined }, 'PIPECAT_CLOUD_API_KEY'],
  [{ PIPECAT_ORGANIZATION: 'x', PIPECAT_ORG: undefined }, 'PIPECAT_ORGANIZATION'],
  [{ PIPECAT_REFRESH_TOKEN: 'x' }, 'works once'],
  [{ PIPECAT_CONFIG_PATH: 'stored' }, 'PIPECAT_ORG goes before'],
])('settings that are not what they seem are remarked on: %o', async (change, text) => {
  const stored = await cli.file('stored.toml', 'org = "beta"\ntoken = "pcc_pat_other"\n');
  const more = Object.fromEntries(
    Object.entries({ ...env, ...change })
      .filter((entry): entry is [string, string] => entry[1] !== undefined)
      .map(([name, value]) => [name, value === 'stored' ? stored : value]),
  );
  const outcome = await cli.run(['doctor', '--json'], { env: more });
  const { checks } = JSON.parse(outcome.stdout) as Found;
  expect(
    checks
      .filter(({ state }) => state === 'warning')
      .map((check) => check.text)
      .join('\n'),
  ).toContain(text);
});

describe('how the installation is', () => {
  const health = {
    ...{ installationId: 'i', checkedAt: '', version: '0.1.0', node: '24', startedAt: '', lastBackupAt: null },
    database: {
      kind: 'postgres',
      version: '15.18',
      bytes: 1,
      latencyMs: 3,
      error: null,
      migrations: 9,
      lastMigration: 'x',
    },
    disk: { folder: '/data', bytes: 100e9, freeBytes: 50e9, logBytes: 0, uploadBytes: 0 },
    workers: [
      {
        ...{
          name: 'w1',
          region: null,
          connected: true,
          driver: 'docker',
          engineError: null,
          instances: 3,
          sessions: 2,
        },
        engine: { name: 'Docker Engine', version: '24.0.5', apiVersion: '1.43' },
      },
    ],
    warnings: [] as object[],
  };
  const path = 'GET /v1/installation/health';
  const warning = (severity: string) => ({ code: 'engine_down', severity, text: 'it is down', hint: 'Start it.' });

  test('is told to its owner: release, database, disk, and what each worker runs agents with', async () => {
    server.routes[path] = { json: health };
    const found = await doctor();
    expect(found.code).toBe(0);
    expect(found.of('installation')[0]?.text).toBe('release 0.1.0, PostgreSQL 15.18 (3 ms), 46.6 GiB of disk free');
    expect(found.of('worker')[0]?.text).toContain('w1 runs agents as Docker Engine 24.0.5: 3 now, 2 in a session');
  });

  test('a warning is a remark, and what is critical a failure, each with the way out', async () => {
    server.routes[path] = { json: { ...health, warnings: [warning('warning')] } };
    const remark = await doctor();
    expect(remark.code).toBe(0);
    expect(remark.of('installation')[0]).toMatchObject({ state: 'warning', text: 'it is down', hint: 'Start it.' });
    server.routes[path] = { json: { ...health, warnings: [warning('critical')] } };
    expect((await doctor()).code).toBe(12);
  });

  test('of a database that does not answer says so, with the workers that are known', async () => {
    const away = { ...warning('critical'), code: 'database_down', text: 'the database does not answer: refused' };
    const unknown = { version: null, bytes: null, latencyMs: null, migrations: null, lastMigration: null };
    const database = { ...health.database, ...unknown, error: 'refused' };
    server.routes[path] = { json: { ...health, database, warnings: [away] } };
    const found = await doctor();
    expect(found.code).toBe(12);
    expect(found.of('installation').map(({ text }) => text)).toEqual([away.text]);
    expect(found.of('worker')[0]?.text).toContain('w1 runs agents');
  });

  test('is left out for everybody else, and for a server that does not tell', async () => {
    for (const status of [403, 404]) {
      server.routes[path] = { status, json: { error: 'no', code: String(status) } };
      const found = await doctor();
      expect([found.code, found.of('installation')]).toEqual([0, []]);
    }
  });
});
