import { beforeEach, describe, expect, test } from 'vitest';
import { useCli } from './testing/cli.js';
import { org } from './testing/deploy-routes.js';
import { token, useServer } from './testing/server.js';
import { service } from './testing/service.js';

const cli = useCli();
const server = useServer();
let env: Record<string, string>;

beforeEach(() => {
  env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token, PIPECAT_ORG: 'acme' };
  server.routes[`GET ${org}/regions`] = { json: { regions: [{ code: 'local', display_name: 'Here' }] } };
});
const run = (...args: string[]) => cli.run(args, { env });
const sent = (call: string) =>
  server.requests.find(({ method, url }) => `${method} ${url.split('?')[0]}` === call)?.json();

describe('agent', () => {
  test('deployments marks the one that serves', async () => {
    const deployment = (id: string, more: object) => ({
      ...{ id, serviceId: 's', createdAt: '2026-04-20T10:00:00.000Z', updatedAt: '2026-04-20T10:00:00.000Z' },
      ...{ manifest: { spec: { dailyNodeType: 'arm', image: 'team/bot:1' } }, ...more },
    });
    server.routes[`GET ${org}/services/bot`] = { json: { body: service() } };
    server.routes[`GET ${org}/services/bot/deployments`] = {
      json: { deployments: [deployment('dep_1', {}), deployment('dep_0', { buildId: 'bld_1' })] },
    };
    const rows = (await run('agent', 'deployments', 'bot')).stdout.split('\n').map((line) => line.split('\t'));
    expect(rows[1]?.slice(0, 3)).toEqual(['dep_1', 'arm', 'team/bot:1']);
    expect(rows[1]?.[5]).toBe('live');
    expect(rows[2]?.slice(2, 3)).toEqual(['build bld_1']);
  });

  test('scale changes what it names and keeps the rest', async () => {
    server.routes[`GET ${org}/services/bot`] = { json: { body: service() } };
    server.routes[`PUT ${org}/services`] = { json: service() };
    expect((await run('agent', 'scale', 'bot', '--min-agents', '2')).code).toBe(0);
    expect(sent(`PUT ${org}/services`)).toEqual({
      serviceName: 'bot',
      autoScaling: { minAgents: 2, maxAgents: 10 },
    });
    expect((await run('agent', 'scale', 'bot', '--min-agents', '11')).code).toBe(2);
    expect((await run('agent', 'scale', 'bot', '--reuse-sessions', '20')).stdout).toContain('after 20 sessions');
    const [, again] = server.requests.filter(({ method }) => method === 'PUT');
    expect(again?.json()).toMatchObject({ reuse: { policy: 'reuse', maxSessions: 20 } });
    expect((await run('agent', 'scale', 'bot', '--reuse', 'fresh', '--reuse-memory', '80')).code).toBe(2);
    const nothing = await run('agent', 'scale', 'bot');
    expect(nothing).toMatchObject({ code: 2 });
    expect(nothing.stderr).toContain('--min-agents');
  });

  test('log-retention shows both limits, and sets the one that is named', async () => {
    const route = `${org}/services/bot/log-retention`;
    server.routes[`GET ${route}`] = { json: { days: 7, megabytes: null, effective: { days: 7, megabytes: 1024 } } };
    const shown = await run('agent', 'log-retention', 'bot');
    expect(shown.stdout).toMatch(/Lines are kept for +7 days\nAnd at most +1024 MiB \(of the installation\)/);
    expect(sent(`PUT ${route}`)).toBeUndefined();
    server.routes[`PUT ${route}`] = { json: { days: null, megabytes: 9000, effective: { days: 30, megabytes: 1024 } } };
    const set = await run('agent', 'log-retention', 'bot', '--megabytes', '9000');
    expect(sent(`PUT ${route}`)).toEqual({ days: 7, megabytes: 9000 });
    expect(set.stdout).toContain('1024 MiB (of the installation; 9000 MiB are set for the agent)');
    await run('agent', 'log-retention', 'bot', '--days', 'none');
    const [, again] = server.requests.filter(({ method }) => method === 'PUT');
    expect(again?.json()).toEqual({ days: null, megabytes: null });
    expect((await run('agent', 'log-retention', 'bot', '--days', '0')).code).toBe(2);
  });

  test('capacity says what is warm and why', async () => {
    const inputs = { minAgents: 1, maxAgents: 9, busy: 2, active: 2, arrivalsPerSecond: 0.8, startSecondsP95: 4.1 };
    const now = { target: 5, reason: 'arrivals', why: '5 idle instances are kept: 0.8 starts a second arrive', inputs };
    const counts = { maxAgents: 9, free: 1, starting: 1, idle: 4, active: 2, settling: 0, quarantined: 1, leaving: 0 };
    server.routes[`GET ${org}/services/bot/capacity`] = {
      json: {
        ...counts,
        waiting: 3,
        reuse: { policy: 'fresh' },
        now,
        decisions: [{ at: '2026-04-20T10:00:00.000Z', ...now }],
      },
    };
    const { stdout } = await run('agent', 'capacity', 'bot');
    expect(stdout).toMatch(
      /4 of 5[\s\S]*1 starting, 1 quarantined[\s\S]*3 callers[\s\S]*fresh[\s\S]*0.8 starts a second/,
    );
    expect(JSON.parse((await run('agent', 'capacity', 'bot', '--json')).stdout)).toMatchObject({ name: 'bot', now });
  });

  test('usage sums up each agent for eyes, and has the days for scripts', async () => {
    const day = { sessions: 2, sessionSeconds: 90, idleSeconds: 270 };
    const days = [
      { ...day, day: '2026-05-01' },
      { ...day, day: '2026-05-02' },
    ];
    const usage = { from: '2026-05-01', to: '2026-05-02', countedSince: null, sessionMinuteCents: 0 };
    server.routes[`GET ${org}/usage`] = { json: { ...usage, agents: [{ agent: 'bot', deleted: false, days }] } };
    expect((await run('usage', '--output', 'rich')).stdout).toMatch(/bot +4 +3\.0 +12\.0 +75%/);
    expect((await run('usage', '--output', 'plain')).stdout).toContain('2026-05-02\tbot\t2\t90\t270');
    expect(JSON.parse((await run('usage', '--json')).stdout)).toMatchObject({ agents: [{ agent: 'bot', days }] });
    for (const noDay of ['yesterday', '2026-13-01', '2026-02-30']) {
      expect((await run('usage', '--from', noDay)).code).toBe(2);
    }
  });

  test('profiles are made, changed and put aside, with amounts that are some', async () => {
    const profile = {
      ...{ apiName: 'big', displayName: 'Big', api_name: 'big', display_name: 'Big', custom: true, enabled: true },
      resources: { cpu: '2', memory: '4Gi' },
    };
    server.routes[`GET ${org}/agent-profiles`] = { json: { agentProfiles: [profile] } };
    server.routes[`POST ${org}/agent-profiles`] = { json: profile };
    server.routes[`PATCH ${org}/agent-profiles/big`] = { json: profile };
    expect((await run('agent', 'profiles', 'list')).stdout).toContain('big\tBig\t2\t4Gi\tcustom\tyes');
    await run('agent', 'profiles', 'create', 'big', '--cpu', '2', '--memory', '4Gi');
    expect(sent(`POST ${org}/agent-profiles`)).toEqual({
      ...{ apiName: 'big', displayName: 'big', resources: { cpu: '2', memory: '4Gi' } },
    });
    await run('agent', 'profiles', 'disable', 'big');
    expect(sent(`PATCH ${org}/agent-profiles/big`)).toEqual({ enabled: false });
    server.requests.length = 0;
    for (const wrong of [
      ['create', 'Big', '--cpu', '2', '--memory', '4Gi'],
      ['create', 'big', '--cpu', 'two', '--memory', '4Gi'],
      ['create', 'big', '--cpu', '2', '--memory', '4 GB'],
      ['update', 'big', '--cpu', '2'],
      ['update', 'big'],
    ]) {
      expect((await run('agent', 'profiles', ...wrong)).code).toBe(2);
    }
    expect(server.requests).toEqual([]);
  });

  test('sessions --end-state asks the server, also for a state that nobody here knows', async () => {
    server.routes[`GET ${org}/services/bot/sessions`] = { json: { sessions: [], total_count: 0 } };
    const outcome = await run('agent', 'sessions', 'bot', '--end-state', 'evicted');
    expect(outcome.code).toBe(0);
    expect(server.requests[0]?.url).toContain('endState=evicted');
  });

  test('open prints the page, and fails for an agent that is not there', async () => {
    server.routes[`GET ${org}/services/bot`] = { json: { body: service() } };
    expect((await run('open', 'bot')).stdout).toBe(`${server.host}/orgs/acme/agents/bot\n`);
    expect((await run('open')).stdout).toBe(`${server.host}/?org=acme\n`);
    expect((await run('open', 'gone')).code).toBe(8);
  });
});

describe('organizations', () => {
  const schema = {
    defaultRegion: {
      ...{ type: 'string', description: 'Where deploys go', default: 'local', currentValue: 'local' },
      ...{ readOnly: false, availableValues: ['local', 'far'] },
    },
  };

  test('properties, and the default region as one of them', async () => {
    server.routes[`GET ${org}/properties`] = { json: { properties: { defaultRegion: 'local' } } };
    server.routes[`GET ${org}/properties/schema`] = { json: { properties: schema } };
    server.routes[`PATCH ${org}/properties`] = { json: { properties: { defaultRegion: 'far' } } };
    expect((await run('organizations', 'properties', 'list')).stdout).toContain('defaultRegion\tlocal');
    expect((await run('organizations', 'properties', 'schema')).stdout).toContain('Where deploys go (local, far)');
    expect(JSON.parse((await run('organizations', 'properties', 'list', '--json')).stdout)).toEqual({
      defaultRegion: 'local',
    });
    expect((await run('organizations', 'default-region')).stdout).toBe('local\n');
    expect((await run('organizations', 'default-region', 'far')).stdout).toContain('far');
    expect(sent(`PATCH ${org}/properties`)).toEqual({ defaultRegion: 'far' });
    expect((await run('organizations', 'properties', 'set', 'defaultRegion', 'far')).code).toBe(0);
    const unknown = await run('organizations', 'properties', 'set', 'colour', 'red');
    expect(unknown.code).toBe(8);
    expect(unknown.stderr).toContain('defaultRegion');
  });

  test.each([['spend-limit'], ['organizations', 'spend-limit']])(
    '%s %s sets cents and asks before it blocks',
    async (...at) => {
      const words = at.filter((word): word is string => typeof word === 'string');
      const limit = {
        ...{ limitCents: 5000, currentSpendCents: 2500, blocked: false, blockedAt: null },
        ...{ periodStart: '2026-04-01T00:00:00.000Z', periodEnd: '2026-05-01T00:00:00.000Z' },
      };
      server.routes[`GET ${org}/spend-limit`] = { json: limit };
      server.routes[`PUT ${org}/spend-limit`] = { json: limit };
      expect((await run(...words, 'show')).stdout).toContain('$25.00 (50.0%)');
      expect(JSON.parse((await run(...words, 'show', '--json')).stdout)).toEqual({ organization: 'acme', ...limit });
      expect((await run(...words, 'set', '50.1')).code).toBe(0);
      expect(sent(`PUT ${org}/spend-limit`)).toEqual({ limitCents: 5010 });
      for (const amount of ['10', '0']) {
        const refused = await run(...words, 'set', amount);
        expect(refused.code).toBe(2);
        expect(refused.stderr).toContain('--yes');
        expect((await run(...words, 'set', amount, '-y')).code).toBe(0);
      }
      for (const wrong of ['1.234', 'much', '-5']) expect((await run(...words, 'set', '--', wrong)).code).toBe(2);
      expect((await run(...words, 'clear')).code).toBe(2);
      expect((await run(...words, 'clear', '--yes')).code).toBe(0);
      server.routes[`GET ${org}/spend-limit`] = { status: 404, json: { error: 'none', code: '404' } };
      expect((await run(...words, 'show')).code).toBe(8);
    },
  );

  test('the Daily account: the key goes in by file or standard input, and is never printed', async () => {
    const settings = { source: 'organization', keyHint: '…abcd', dialin: 'signed' };
    const path = `${org}/daily/settings`;
    server.routes[`GET ${path}`] = { json: settings };
    server.routes[`PUT ${path}`] = { json: settings };
    server.routes[`DELETE ${path}`] = { json: { status: 'OK' } };
    const last = () => server.requests.findLast(({ method }) => method === 'PUT')?.json();
    expect((await run('organizations', 'daily', 'show')).stdout).toContain('its own, …abcd');
    expect(JSON.parse((await run('organizations', 'daily', 'show', '--json')).stdout)).toEqual({
      organization: 'acme',
      ...settings,
    });
    const piped = await cli.run(['organizations', 'daily', 'set', '--stdin'], { env, input: 'daily-key-abcd\n' });
    expect([piped.code, piped.stdout.includes('daily-key')]).toEqual([0, false]);
    expect(last()).toEqual({ apiKey: 'daily-key-abcd' });
    expect((await run('organizations', 'daily', 'set', '--allow-unsigned-dialin')).code).toBe(0);
    expect(last()).toEqual({ allowUnsignedDialin: true });
    expect((await run('organizations', 'daily', 'set', '--no-allow-unsigned-dialin')).code).toBe(0);
    expect(last()).toEqual({ allowUnsignedDialin: false });
    expect((await run('organizations', 'daily', 'set')).code).toBe(2);
    expect((await run('organizations', 'daily', 'set', '--key-file', 'nowhere')).code).toBe(2);
    expect((await run('organizations', 'daily', 'set', '--stdin', '--key-file', 'x')).code).toBe(2);
    expect((await run('organizations', 'daily', 'clear')).code).toBe(2);
    expect((await run('organizations', 'daily', 'clear', '-y')).code).toBe(0);
  });

  test('registry keys: a new one alone when piped, ended ones hidden', async () => {
    const key = (id: string, revoked: boolean) => ({
      ...{ id, name: id, key_prefix: 'pcr_', created_at: '2026-04-20T10:00:00.000Z', last_used_at: null },
      ...{ status: revoked ? 'revoked' : 'active', revoked, region: null },
    });
    const path = `${org}/registry-keys`;
    server.routes[`GET ${path}`] = { json: { registry_keys: [key('a', false), key('b', true)] } };
    server.routes[`POST ${path}`] = {
      json: { id: 'c', name: 'helm', key: 'pcr_secret', username: 'pcc', registry_host: 'registry.example.com' },
    };
    server.routes[`DELETE ${path}/a`] = { json: { status: 'OK' } };
    const listed = await run('organizations', 'registry-keys', 'list');
    expect(listed.stdout).not.toContain('revoked');
    expect(listed.stderr).toContain('--all');
    expect((await run('organizations', 'registry-keys', 'mint', '--name', 'helm')).stdout).toBe('pcr_secret\n');
    const json = JSON.parse((await run('organizations', 'registry-keys', 'mint', '--name', 'helm', '--json')).stdout);
    expect(json).toMatchObject({ key: 'pcr_secret', registryHost: 'registry.example.com' });
    expect(json.helmLoginCommand).not.toContain('pcr_secret');
    expect((await run('organizations', 'registry-keys', 'mint')).code).toBe(2);
    expect((await run('organizations', 'registry-keys', 'revoke', 'a', '--force')).code).toBe(0);
  });
});

test('regions: registered with what was named alone, shown, enrolled, deleted', async () => {
  const region = {
    ...{ region_key: 'pce-x', display_name: null, enrollment_status: 'pending', workers: [] },
    ...{ ws_public_endpoint: null, supported_architectures: ['arm64'], default_architecture: 'arm64' },
    workloads_namespace: null,
  };
  server.routes[`POST ${org}/regions`] = { json: region };
  server.routes[`GET ${org}/regions/pce-x`] = { json: region };
  server.routes[`DELETE ${org}/regions/pce-x`] = { json: { status: 'OK' } };
  server.routes[`POST ${org}/regions/pce-x/enrollment-tokens`] = {
    json: { token: 'enrol-me', region_key: 'pce-x', expires_at: '2026-04-20T11:00:00.000Z' },
  };
  const registered = await run('regions', 'register', 'pce-x', '--architectures', 'arm64');
  expect(registered.stderr).toContain('enroll-token pce-x');
  expect(sent(`POST ${org}/regions`)).toEqual({ regionKey: 'pce-x', supportedArchitectures: ['arm64'] });
  expect(JSON.parse((await run('regions', 'show', 'pce-x', '--json')).stdout)).toEqual({ region });
  expect((await run('regions', 'enroll-token', 'pce-x')).stdout).toBe('enrol-me\n');
  expect((await run('regions', 'delete', 'pce-x')).code).toBe(2);
  expect(JSON.parse((await run('regions', 'delete', 'pce-x', '-y', '--json')).stdout).deleted).toBe('pce-x');
  expect((await run('regions', 'register', 'Bad_Key')).code).toBe(2);
  expect((await run('regions', 'register', 'pce-x', '--architectures', 'sparc')).code).toBe(2);
});

describe('secrets', () => {
  test('image-pull-secret sends base64, from the argument, with a warning, or from standard input, without one', async () => {
    server.routes[`PUT ${org}/secrets/reg-creds`] = { json: { status: 'OK', region: 'local' } };
    const expected = {
      isImagePullSecret: true,
      host: 'ghcr.io',
      secretValue: Buffer.from('me:p:w').toString('base64'),
    };
    const given = await run('secrets', 'image-pull-secret', 'reg-creds', 'ghcr.io', 'me:p:w', '-e', '--skip');
    expect(given.stderr).toContain('process lists');
    expect(given.stdout + given.stderr).not.toContain('p:w');
    expect(sent(`PUT ${org}/secrets/reg-creds`)).toEqual(expected);
    server.requests.length = 0;
    const args = ['secrets', 'image-pull-secret', 'reg-creds', 'ghcr.io', '--stdin', '-r', 'local'];
    const piped = await cli.run(args, { env, input: 'me:p:w\n' });
    expect(piped.stderr).not.toContain('process lists');
    expect(sent(`PUT ${org}/secrets/reg-creds`)).toEqual({ ...expected, region: 'local' });
  });

  test('image-pull-secret refuses before anything is sent, and repeats nothing of it', async () => {
    const refused = await run('secrets', 'image-pull-secret', 'reg-creds', 'ghcr.io', 'no-colon-secret');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('USER:PASSWORD');
    expect(refused.stdout + refused.stderr).not.toContain('no-colon-secret');
    expect((await run('secrets', 'image-pull-secret', 'X', 'ghcr.io', 'a:b')).code).toBe(2);
    const nothing = await run('secrets', 'image-pull-secret', 'reg-creds', 'ghcr.io');
    expect(nothing.code).toBe(2);
    expect(nothing.stderr).toContain('--stdin');
    expect(server.requests).toEqual([]);
  });

  test('reference needs a region', async () => {
    const set = { name: 'own', region: 'local', type: 'secret', status: 'ready', source: 'referenced' };
    server.routes[`POST ${org}/secrets/references`] = { json: set };
    expect((await run('secrets', 'reference', 'own')).code).toBe(2);
    expect(JSON.parse((await run('secrets', 'reference', 'own', '-r', 'local', '--json')).stdout)).toEqual(set);
  });
});

describe('github', () => {
  const notLinked = { status: 404, json: { error: 'acme is not linked to GitHub', code: '404' } };

  test('a server without it says so, with its exit code', async () => {
    server.routes[`GET ${org}/github/installation`] = notLinked;
    const status = await run('github', 'status');
    expect(status).toMatchObject({ code: 0 });
    expect(JSON.parse((await run('github', 'status', '--json')).stdout)).toEqual({ installation: null });
    expect((await run('github', 'repos')).code).toBe(8);
    expect((await run('github', 'branches', 'no-slash')).code).toBe(2);
    expect((await run('agent', 'link', 'bot', '--repo', 'a/b', '--branch', 'main')).code).toBe(8);
    expect((await run('agent', 'link', 'bot', '--repo', 'a/..', '--branch', 'main')).code).toBe(2);
    expect((await run('agent', 'unlink', 'bot')).code).toBe(2);
  });

  test('agent link sends what was named alone; deploy --github --wait follows the commit', async () => {
    const git = `${org}/services/bot/environments/production/git`;
    server.routes[`POST ${git}`] = { json: { gitConfig: { repoFullName: 'a/b', branch: 'main' } } };
    server.routes[`POST ${git}/deploy`] = {
      status: 202,
      json: { deployIntent: { id: 'i1', commitSha: 'abcdef0123', ref: 'refs/heads/main', status: 'pending' } },
    };
    let asked = 0;
    server.routes[`GET ${org}/services/bot`] = () => ({
      json: {
        body: {
          ...service(),
          latestDeploy: {
            commitSha: asked++ === 0 ? 'older' : 'abcdef0123',
            status: asked < 3 ? 'failed' : 'succeeded',
          },
        },
      },
    });
    await run('agent', 'link', 'bot', '--repo', 'a/b', '--branch', 'main', '--no-auto-deploy');
    expect(sent(`POST ${git}`)).toEqual({ repoFullName: 'a/b', branch: 'main', autoDeploy: false });
    expect((await run('agent', 'deploy', 'bot')).code).toBe(2);
    expect(JSON.parse((await run('agent', 'deploy', 'bot', '--github', '--json')).stdout).deployIntent.id).toBe('i1');
    const failed = await run('agent', 'deploy', 'bot', '--github', '--wait');
    expect(failed.code).toBe(1);
    const done = await run('agent', 'deploy', 'bot', '--github', '--wait', '--json');
    expect(JSON.parse(done.stdout)).toMatchObject({ waitOutcome: 'succeeded' });
  });
});
