import { beforeEach, describe, expect, test } from 'vitest';
import { useCli } from './testing/cli.js';
import { deployRoutes, missing, org, pullSet, secretSet, sequence, wrapped } from './testing/deploy-routes.js';
import { type SeenRequest, token, useServer } from './testing/server.js';
import { service } from './testing/service.js';

const cli = useCli();
const server = useServer();
let env: Record<string, string>;
let folder: string;

const seen = (call: string): SeenRequest | undefined =>
  server.requests.find(({ method, url }) => `${method} ${url.split('?')[0]}` === call);

beforeEach((context) => {
  env = { PIPECAT_API_HOST: server.host, PIPECAT_TOKEN: token, PIPECAT_ORG: 'acme' };
  folder = `work-${context.task.id}`;
  server.routes = deployRoutes(server.host);
});

async function agentFolder(files: Record<string, string>): Promise<string> {
  const paths = await Promise.all(Object.entries(files).map(([name, text]) => cli.file(`${folder}/${name}`, text)));
  return paths[0]?.slice(0, paths[0].indexOf(folder) + folder.length) ?? '';
}

describe('from an image', () => {
  test('sends what flags say before what the deploy file says', async () => {
    const toml = `agent_name = "bot"\nimage = "team/bot:1"\nimage_credentials = "reg"\nagent_profile = "agent-2x"\nwebsocket_auth = "none"
max_session_duration = 600\n[scaling]\nmin_agents = 1\nmax_agents = 5\n[krisp_viva]\naudio_filter = "tel"\n`;
    const cwd = await agentFolder({ 'pcc-deploy.toml': toml });
    server.routes[`GET ${org}/services/bot`] = wrapped();
    server.routes[`GET ${org}/secrets/reg`] = pullSet;
    server.routes[`GET ${org}/secrets/env-set`] = secretSet;
    const args = ['deploy', '-max', '7', '--secrets', 'env-set', '--max-session-duration', '900', '--force'];
    expect((await cli.run(args, { env, cwd })).code).toBe(0);
    expect(seen(`PUT ${org}/services`)?.json()).toEqual({
      serviceName: 'bot',
      image: 'team/bot:1',
      region: 'local',
      imagePullSecretSet: 'reg',
      secretSet: 'env-set',
      autoScaling: { minAgents: 1, maxAgents: 7 },
      agentProfile: 'agent-2x',
      krispViva: { audioFilter: 'tel' },
      websocketAuth: 'none',
      maxSessionDuration: 900,
      forceRedeploy: true,
    });
  });

  test('a missing secret set: exit 8, with the command that makes it', async () => {
    const outcome = await cli.run(['deploy', 'bot', 'img:1', '--yes', '--secrets', 'nope'], { env });
    expect(outcome.code).toBe(8);
    expect(outcome.stderr).toContain('pipecat cloud secrets set nope');
    expect(server.calls()).not.toContain(`POST ${org}/services`);
  });

  test('an unknown profile: exit 2, with those that can be chosen', async () => {
    const profile = (apiName: string, enabled: boolean) => ({
      ...{ apiName, displayName: apiName, enabled, custom: true },
      resources: { cpu: '1', memory: '2Gi' },
    });
    server.routes[`GET ${org}/agent-profiles`] = {
      json: { agentProfiles: [profile('agent-1x', true), profile('old', false), profile('own', true)] },
    };
    const outcome = await cli.run(['deploy', 'bot', 'img:1', '--yes', '--profile', 'big'], { env });
    expect(outcome).toMatchObject({
      code: 2,
      stderr: "Error: 'big' is no profile of acme.\nUse one of: agent-1x, own\n",
    });
    expect(server.calls()).not.toContain(`POST ${org}/services`);
    expect((await cli.run(['deploy', 'bot', 'img:1', '--yes', '--profile', 'own'], { env })).code).toBe(0);
  });

  test('an unknown region: exit 2, with the known ones', async () => {
    const outcome = await cli.run(['deploy', 'bot', 'img:1', '--yes', '--region', 'mars'], { env });
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain('Use one of: local');
  });

  test('a private image without credentials: exit 2, with both ways out', async () => {
    const outcome = await cli.run(['deploy', 'bot', 'img:1'], { env });
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toMatch(/--credentials.*--no-credentials/);
  });

  test('--no-wait returns once accepted; a warning is shown', async () => {
    server.routes[`POST ${org}/services`] = { json: service({ ready: false, warning: 'Nothing changed' }) };
    const outcome = await cli.run(['deploy', 'bot', 'img:1', '-nc', '--yes', '--no-wait'], { env });
    expect(outcome).toMatchObject({ code: 0, stdout: expect.stringContaining('Accepted') });
    expect(outcome.stderr).toContain('Warning: Nothing changed');
    expect(server.calls().filter((call) => call === `GET ${org}/services/bot`)).toHaveLength(1);
  });

  test('an error of the deployment: exit 1 at once, with code and message', async () => {
    const errors = [{ code: 'PCC_IMAGE_NOT_FOUND', message: 'No such image' }];
    server.routes[`GET ${org}/services/bot`] = sequence(missing, wrapped({ errors, ready: false, available: false }));
    const outcome = await cli.run(['deploy', 'bot', 'img:1', '--yes', '--json'], { env });
    expect(outcome.code).toBe(1);
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      code: 'PCC_IMAGE_NOT_FOUND',
      error: expect.stringContaining('No such image'),
    });
  });

  test('not ready in time: exit 10, with how it stands', async () => {
    const starting = { ready: false, available: false, activeDeploymentReady: false };
    server.routes[`GET ${org}/services/bot`] = sequence(missing, wrapped(starting));
    const outcome = await cli.run(['deploy', 'bot', 'img:1', '--yes', '--wait-timeout', '1'], { env });
    expect(outcome.code).toBe(10);
    expect(outcome.stderr).toContain('not available yet');
  });

  test('a server that restarts meanwhile costs polls, not the deploy', async () => {
    const down = { status: 503, json: { error: 'Restarting', code: '503' } };
    server.routes[`GET ${org}/services/bot`] = sequence(missing, down, down, wrapped());
    expect((await cli.run(['deploy', 'bot', 'img:1', '--yes'], { env })).code).toBe(0);
  });

  test('409 is exit 9', async () => {
    server.routes[`POST ${org}/services`] = { status: 409, json: { error: 'Set not ready', code: 'CONFLICT' } };
    expect((await cli.run(['deploy', 'bot', 'img:1', '--yes'], { env })).code).toBe(9);
  });
});

describe('a deploy file that is wrong: exit 1, with file and key', () => {
  test.each([
    ['agent_nam = "bot"', "unknown key 'agent_nam'"],
    ['[scaling]\nmin = 1', "unknown key 'scaling.min'"],
    ['[local]\ncmd = "x"', "unknown key 'local.cmd'"],
    ['[scaling]\nmin_agents = "1"', "'scaling.min_agents' must be a whole number"],
    ['max_session_duration = 5', "'max_session_duration' must be a whole number from 60 to 14400"],
    ['[local]\nsetup = "npm ci"', "[local] needs 'command'"],
    ['image = "untagged"', "'image' must name a tag"],
    ['image = "a:1"\nbuild_id = "b"', "'image' and 'build_id' exclude each other"],
    ['websocket_auth = "maybe"', "'websocket_auth' must be one of none, token"],
    ['[build.exclude]\npatterns = "x"', "'build.exclude.patterns' must be an array"],
    ['agent_name = ', 'is not valid TOML, line 1'],
  ])('%j', async (toml, message) => {
    const cwd = await agentFolder({ 'pcc-deploy.toml': toml, 'bot.py': '' });
    const outcome = await cli.run(['deploy', 'bot', '--yes'], { env, cwd });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('pcc-deploy.toml');
    expect(outcome.stderr).toContain(message);
    expect(server.requests).toEqual([]);
  });

  test('one that was named and is not there', async () => {
    const outcome = await cli.run(['deploy', 'bot', '--yes', '--config-file', 'gone.toml'], { env });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain("gone.toml can't be read: it does not exist");
  });
});
