import { beforeEach, describe, expect, test } from 'vitest';
import { useCli } from './testing/cli.js';
import { deployRoutes, missing, org, wrapped } from './testing/deploy-routes.js';
import { token, useServer } from './testing/server.js';
import { service } from './testing/service.js';

const cli = useCli();
const server = useServer();
let env: Record<string, string>;
const complete = { state: 'complete', strict: false, canaryPercent: null } as const;

beforeEach(() => {
  env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token, PIPECAT_ORG: 'acme' };
  server.routes = deployRoutes(server.host);
  server.routes[`GET ${org}/services/bot`] = wrapped({ rollout: complete });
});
const run = (...args: string[]) => cli.run(args, { env });
const deploy = (...flags: string[]) => run('deploy', 'bot', 'team/bot:2', '--yes', ...flags);
const sent = (call: string) => server.requests.find(({ method, url }) => `${method} ${url}` === call)?.json();

describe('deploy', () => {
  test.each([
    [['--strict'], { strict: true }],
    [['--canary', '10%'], { canaryPercent: 10 }],
    [['--canary', '10'], { canaryPercent: 10 }],
    [['--no-promote'], { hold: true }],
    [[], undefined],
  ])('%j', async (flags, rollout) => {
    expect((await deploy(...flags)).code).toBe(0);
    expect((sent(`PUT ${org}/services`) as { rollout?: object }).rollout).toEqual(rollout);
  });

  test('says what a deployment waits for', async () => {
    server.routes[`GET ${org}/services/bot`] = wrapped({
      rollout: { ...complete, state: 'canary', canaryPercent: 10 },
    });
    const canary = await deploy('--canary', '10%');
    expect(canary.stdout).toContain('It takes 10% of the new sessions until: pipecat cloud agent promote bot');
    expect(canary.stdout).toContain('To go back: pipecat cloud agent rollback bot');
    server.routes[`GET ${org}/services/bot`] = wrapped({ rollout: { ...complete, state: 'held' } });
    expect((await deploy('--no-promote')).stdout).toContain('It takes no session until');
  });

  test('refuses shares that are none, and two answers to one question', async () => {
    for (const share of ['0', '100', '10.5', 'half', '-1']) expect((await deploy(`--canary=${share}`)).code).toBe(2);
    const both = await deploy('--strict', '--canary', '10');
    expect(both).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--strict and --canary exclude each other'),
    });
    expect(server.calls()).toEqual([]);
  });

  test('does not send what the server would leave out', async () => {
    server.routes[`GET ${org}/services/bot`] = wrapped();
    const outcome = await deploy('--canary', '10');
    expect(outcome).toMatchObject({ code: 1, stderr: expect.stringContaining('Nothing was changed') });
    expect(sent(`PUT ${org}/services`)).toBeUndefined();
  });

  test('a first deployment has nothing to serve beside it', async () => {
    server.routes[`GET ${org}/services/bot`] = missing;
    expect(await deploy('--canary', '10')).toMatchObject({ code: 2 });
    expect(sent(`POST ${org}/services`)).toBeUndefined();
  });

  test('fails at once with the error of the new deployment', async () => {
    server.routes[`GET ${org}/services/bot`] = wrapped({
      ...{ ready: false, desiredDeploymentId: 'dep_2', reconciledDeploymentId: 'dep_2' },
      rollout: { ...complete, state: 'failed' },
      errors: [{ code: 'PCC_IMAGE_NOT_FOUND', message: 'There is no such image' }],
    });
    expect(await deploy()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /There is no such image.*PCC_IMAGE_NOT_FOUND.*previous deployment goes on.*--deployment dep_2/s,
      ),
    });
  });
});

describe('agent', () => {
  const promoted = wrapped({ desiredDeploymentId: 'dep_2_and_more', rollout: complete });

  test('promote, all or a share', async () => {
    server.routes[`POST ${org}/services/bot/promote`] = promoted;
    expect((await run('agent', 'promote', 'bot')).stdout).toBe(
      'Promoted: deployment dep_2_an of bot takes the new sessions.\n',
    );
    expect(sent(`POST ${org}/services/bot/promote`)).toEqual({});
    server.requests.length = 0;
    const share = await run('agent', 'promote', 'bot', '--canary', '50%', '--deployment', 'dep_2', '--json');
    expect(JSON.parse(share.stdout)).toMatchObject({ name: 'bot' });
    expect(sent(`POST ${org}/services/bot/promote`)).toEqual({ canaryPercent: 50, deploymentId: 'dep_2' });
  });

  test('a refusal to promote or to go back is a conflict, with its reason', async () => {
    const json = { error: "Agent 'bot' has nothing to promote", code: 'CONFLICT' };
    server.routes[`POST ${org}/services/bot/promote`] = { status: 409, json };
    server.routes[`POST ${org}/services/bot/rollback`] = { status: 409, json };
    for (const verb of ['promote', 'rollback']) {
      expect(await run('agent', verb, 'bot')).toMatchObject({ code: 9, stderr: expect.stringContaining(json.error) });
    }
  });

  const record = (id: string, more: object) => ({
    ...{ id, serviceId: 's', createdAt: '2026-04-20T10:00:00.000Z', updatedAt: '2026-04-20T10:00:00.000Z' },
    ...{ state: 'retired', rollout: 'automatic', readyAt: null, liveAt: null, changes: [] },
    deployedBy: { kind: 'token', id: 'u1', name: 'ann@acme.example' },
    manifest: {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'bot', namespace: 'acme' } },
      spec: {
        ...{ dailyNodeType: 'arm', image: 'team/bot:1', autoScaling: { minReplicas: 0, maxReplicas: 1 } },
        ...{ resources: { cpu: '1', memory: '1Gi' }, envFromSecretNames: [] },
      },
    },
    ...more,
  });
  const history = [
    record('abcd-2222', {
      ...{ state: 'failed', error: { code: 'PCC_IMAGE_NOT_FOUND', message: 'There is no such image' } },
      changes: [{ setting: 'image', from: 'team/bot:1', to: 'team/bot:2' }],
    }),
    record('abcd-1111', { state: 'live' }),
    record('old-0000', { deployedBy: { kind: 'unknown', id: null, name: null } }),
  ];

  test('promote and logs take what the list shows of an id, and whole ones as they are', async () => {
    const id = '0a1b2c3d-0000-4000-8000-000000000001';
    server.routes[`GET ${org}/services/bot/deployments`] = { json: { deployments: [{ id }] } };
    server.routes[`POST ${org}/services/bot/promote`] = { json: { body: service() } };
    server.routes[`GET ${org}/services/bot/logs`] = { json: { logs: [], total: { value: 0, relation: 'eq' } } };
    expect((await run('agent', 'promote', 'bot', '--deployment', '0a1b2c3d')).code).toBe(0);
    expect(sent(`POST ${org}/services/bot/promote`)).toEqual({ deploymentId: id });
    expect((await run('agent', 'logs', 'bot', '-d', '0a1b2c3d')).code).toBe(0);
    expect(server.requests.at(-1)?.url).toContain(`deploymentId=${id}`);
    expect((await run('agent', 'logs', 'bot', '-d', 'ffffffff')).code).toBe(8);
    const gone = '0a1b2c3d-0000-4000-8000-000000000002';
    expect((await run('agent', 'logs', 'bot', '-d', gone)).code).toBe(0);
    expect(server.requests.at(-1)?.url).toContain(`deploymentId=${gone}`);
  });

  test('rollback takes the beginning of an id that is one', async () => {
    server.routes[`GET ${org}/services/bot/deployments`] = { json: { deployments: history } };
    server.routes[`POST ${org}/services/bot/rollback`] = {
      json: { body: service({ activeDeploymentId: 'old-0000' }) },
    };
    expect((await run('agent', 'rollback', 'bot', 'old-')).stdout).toBe(
      'Rolled back: deployment old-0000 of bot takes the new sessions.\n',
    );
    expect(sent(`POST ${org}/services/bot/rollback`)).toEqual({ deploymentId: 'old-0000' });
    server.requests.length = 0;
    expect((await run('agent', 'rollback', 'bot', 'abcd-')).code).toBe(2);
    expect((await run('agent', 'rollback', 'bot', 'old')).code).toBe(2);
    expect((await run('agent', 'rollback', 'bot', 'none-of-them')).code).toBe(8);
    expect(sent(`POST ${org}/services/bot/rollback`)).toBeUndefined();
    expect((await run('agent', 'rollback', 'bot', '--json')).code).toBe(0);
    expect(sent(`POST ${org}/services/bot/rollback`)).toEqual({});
  });

  test('history says who made what, what became of it and why', async () => {
    server.routes[`GET ${org}/services/bot/deployments`] = { json: { deployments: history } };
    const rows = (await run('agent', 'history', 'bot')).stdout.split('\n').map((line) => line.split('\t'));
    expect(rows[1]).toEqual([
      ...['abcd-2222', 'failed', '2026-04-20T10:00:00.000Z', 'ann@acme.example', '', ''],
      ...['image team/bot:1 → team/bot:2', 'PCC_IMAGE_NOT_FOUND: There is no such image'],
    ]);
    expect(rows[3]?.slice(0, 4)).toEqual(['old-0000', 'retired', '2026-04-20T10:00:00.000Z', '-']);
    const json = JSON.parse((await run('agent', 'history', 'bot', '--json')).stdout);
    expect(json).toEqual({ deployments: history });
    // Another server of the contract knows less.
    const { id, manifest, createdAt, updatedAt } = record('abcd-1111', {});
    server.routes[`GET ${org}/services/bot/deployments`] = {
      json: { deployments: [{ id, manifest, createdAt, updatedAt }] },
    };
    expect((await run('agent', 'history', 'bot')).stdout).toContain('abcd-1111');
  });
});
