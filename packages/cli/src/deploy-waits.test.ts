import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { beforeEach, describe, expect, test } from 'vitest';
import { useCli } from './testing/cli.js';
import { deployRoutes, missing, org, sequence, wrapped } from './testing/deploy-routes.js';
import { token, useServer } from './testing/server.js';
import { build, service } from './testing/service.js';

const cli = useCli();
const server = useServer();
let env: Record<string, string>;
const deploy = ['deploy', 'bot', 'img:1', '-nc', '--yes'];
const starting = { ready: false, available: false, activeDeploymentReady: false };

beforeEach(() => {
  env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token, PIPECAT_ORG: 'acme' };
  server.routes = deployRoutes(server.host);
});

describe('a deployment that another one replaces', () => {
  const other = { desiredDeploymentId: 'dep_2', reconciledDeploymentId: 'dep_2' };

  test('before it was ready: exit 9, whatever becomes of the other', async () => {
    server.routes[`GET ${org}/services/bot`] = sequence(missing, wrapped({ ...other, activeDeploymentId: 'dep_2' }));
    const outcome = await cli.run(deploy, { env });
    expect(outcome).toMatchObject({ code: 9, stdout: '' });
    expect(outcome.stderr).toContain('Deployment dep_1 of bot was replaced by dep_2 before it was ready');
    expect(outcome.stderr).toContain('pipecat cloud agent history bot');
  });

  test('once it serves: it was ready', async () => {
    const served = wrapped({ ...other, ...starting, activeDeploymentId: 'dep_1' });
    server.routes[`GET ${org}/services/bot`] = sequence(missing, served, wrapped());
    expect(await cli.run(deploy, { env })).toMatchObject({ code: 0, stdout: expect.stringContaining('Ready') });
  });

  test('a server that names no deployment is waited for as before', async () => {
    server.routes[`POST ${org}/services`] = { json: service({ desiredDeploymentId: null, ready: false }) };
    server.routes[`GET ${org}/services/bot`] = sequence(missing, wrapped({ ...other, activeDeploymentId: 'dep_2' }));
    expect((await cli.run(deploy, { env })).code).toBe(0);
  });
});

test('a start that has failed is told at once, and once, while it is tried again', async () => {
  const revision = (restartCount: number) => ({
    ...{ deploymentID: 'dep_1', phase: 'Pending', readyReplicas: 0, phaseStartedAt: '2026-04-20T10:00:00.000Z' },
    health: { ready: false, state: 'waiting', restartCount, replicasStarted: 1, message: 'It ended with exit code 3' },
  });
  const again = (count: number) => wrapped({ ...starting, currentRevision: revision(count) as never });
  server.routes[`GET ${org}/services/bot`] = sequence(missing, again(0), again(1), again(1), again(2), wrapped());
  const { code, stderr } = await cli.run(deploy, { env });
  expect(code).toBe(0);
  expect(stderr.match(/Start \d failed.*/g)).toEqual([
    'Start 1 failed, and it is tried again: It ended with exit code 3',
    'Start 2 failed, and it is tried again: It ended with exit code 3',
  ]);
});

describe('Ctrl-C', () => {
  /** Runs until it has said that, is interrupted, and ends. */
  async function interrupted(args: readonly string[], cwd: string, said: string) {
    const child = spawn(process.execPath, [cli.executable, ...args], {
      cwd,
      env: { PATH: process.env.PATH ?? '', HOME: cli.home, ...env },
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      const before = stderr;
      stderr += text;
      if (!before.includes(said) && stderr.includes(said)) child.kill('SIGINT');
    });
    const [, signal] = await once(child, 'close');
    return { signal, stderr };
  }

  test('while the deployment becomes ready: it goes on, and where to see how', async () => {
    server.routes[`GET ${org}/services/bot`] = sequence(missing, wrapped(starting));
    const { signal, stderr } = await interrupted(deploy, cli.home, 'Waiting for bot');
    expect(signal).toBe('SIGINT');
    expect(stderr).toContain('Interrupted. The deployment goes on. See: pipecat cloud agent status bot');
  });

  test('while it is built: nothing was deployed, and the build goes on', async () => {
    const file = await cli.file('interrupted/bot.py', 'print()');
    server.routes[`GET ${org}/builds/bld_1`] = { json: { build: build({ status: 'building' }) } };
    const folder = file.replace(/\/bot\.py$/, '');
    const { signal, stderr } = await interrupted(['deploy', 'bot', '--yes'], folder, 'Building bld_1');
    expect(signal).toBe('SIGINT');
    expect(stderr).toContain('Interrupted. Nothing was deployed. Build bld_1 goes on');
    expect(stderr).toContain('pipecat cloud deploy --build-id bld_1');
  });
});

test.each(['.', '..', './examples/echo', 'examples/echo'])(
  "the folder '%s' is no name, and how to deploy it",
  async (name) => {
    const outcome = await cli.run(['deploy', name], { env });
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain(`'${name}' is a folder`);
    expect(outcome.stderr).toContain(`--build-dir ${name}`);
  },
);
