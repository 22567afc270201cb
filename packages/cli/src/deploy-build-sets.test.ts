import { beforeEach, describe, expect, test } from 'vitest';
import { useCli } from './testing/cli.js';
import { deployRoutes, org, pullSet, secretSet } from './testing/deploy-routes.js';
import { type SeenRequest, token, useServer } from './testing/server.js';
import { build } from './testing/service.js';

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
  for (const name of ['index', 'other-set']) server.routes[`GET ${org}/secrets/${name}`] = secretSet;
  for (const name of ['ghcr', 'other', 'third']) server.routes[`GET ${org}/secrets/${name}`] = pullSet;
});

async function agentFolder(files: Record<string, string>): Promise<string> {
  const paths = await Promise.all(Object.entries(files).map(([name, text]) => cli.file(`${folder}/${name}`, text)));
  return paths[0]?.slice(0, paths[0].indexOf(folder) + folder.length) ?? '';
}

describe('the sets of a build', () => {
  test('a secret set for the steps goes with the build, from the flag or else from the file, and not with the agent', async () => {
    const file = 'agent_name = "bot"\n[build]\nsecret_set = "index"\n';
    const cwd = await agentFolder({ 'bot.py': 'print("hi")\n', 'pcc-deploy.toml': file });
    await cli.run(['deploy', '--yes'], { env, cwd });
    expect(seen(`POST ${org}/builds`)?.json()).toMatchObject({ secretSet: 'index' });
    expect(seen(`POST ${org}/services`)?.json()).not.toHaveProperty('secretSet');
    server.requests.length = 0;
    await cli.run(['deploy', '--yes', '--build-secrets', 'other-set'], { env, cwd });
    expect(seen(`POST ${org}/builds`)?.json()).toMatchObject({ secretSet: 'other-set' });
  });

  test('so does the image pull secret set of base images', async () => {
    const file = 'agent_name = "bot"\n[build]\nimage_credentials = "ghcr"\n';
    const cwd = await agentFolder({ 'bot.py': 'print("hi")\n', 'pcc-deploy.toml': file });
    await cli.run(['deploy', '--yes'], { env, cwd });
    expect(seen(`POST ${org}/builds`)?.json()).toMatchObject({ imagePullSecretSet: 'ghcr' });
    expect(seen(`POST ${org}/services`)?.json()).not.toHaveProperty('imagePullSecretSet');
    server.requests.length = 0;
    await cli.run(['deploy', '--yes', '--build-credentials', 'other'], { env, cwd });
    expect(seen(`POST ${org}/builds`)?.json()).toMatchObject({ imagePullSecretSet: 'other' });
    expect(seen(`POST ${org}/builds`)?.json()).not.toHaveProperty('secretSet');
  });

  test('a build with other credentials is not taken for the same', async () => {
    const cwd = await agentFolder({ Dockerfile: 'FROM scratch\n' });
    server.routes[`GET ${org}/builds`] = ({ url }) => {
      const contextHash = new URL(url, 'http://x').searchParams.get('contextHash') ?? '';
      const builds = [
        build({ id: 'bld_other', contextHash, imagePullSecretSet: 'other' }),
        build({ id: 'bld_same', contextHash, imagePullSecretSet: 'ghcr' }),
        build({ id: 'bld_plain', contextHash }),
      ];
      return { json: { builds, total: 3, limit: 20, offset: 0 } };
    };
    const used = async (...more: string[]) => {
      const { stdout } = await cli.run(['deploy', 'bot', '--yes', '--json', ...more], { env, cwd });
      return JSON.parse(stdout).build.id;
    };
    expect(await used('--build-credentials', 'ghcr')).toBe('bld_same');
    expect(await used()).toBe('bld_plain');
    expect(await used('--build-credentials', 'third')).toBe('bld_1');
  });

  const file = 'agent_name = "bot"\n[build]\nsecret_set = "nope"\n';
  test.each<[string, string[], string | undefined, string]>([
    ['secrets', ['--build-secrets', 'nope'], undefined, 'pipecat cloud secrets set nope'],
    ['secrets, by the deploy file', [], file, 'pipecat cloud secrets set nope'],
    ['credentials', ['--build-credentials', 'nope'], undefined, 'pipecat cloud secrets list'],
  ])('unknown %s: exit 8, before anything is packed or uploaded', async (_name, flags, settings, hint) => {
    const cwd = await agentFolder({ 'bot.py': '', ...(settings && { 'pcc-deploy.toml': settings }) });
    const { code, stderr } = await cli.run(['deploy', 'bot', '--yes', ...flags], { env, cwd });
    expect(code).toBe(8);
    expect(stderr).toContain("There is no secret set 'nope' in acme.");
    expect(stderr).toContain(hint);
    expect(stderr).not.toContain('Packing');
    expect(server.calls()).not.toContain(`POST ${org}/builds/upload-url`);
  });

  test.each([
    [
      '--build-secrets',
      'ghcr',
      "'ghcr' is an image pull secret, not a set of secrets.\nDid you mean --build-credentials ghcr?",
    ],
    [
      '--build-credentials',
      'index',
      "'index' is a set of secrets, not an image pull secret.\nDid you mean --build-secrets index?",
    ],
  ])('%s with a set of the other kind: exit 2, with the flag for it', async (flag, set, sentence) => {
    const cwd = await agentFolder({ 'bot.py': '' });
    const { code, stderr } = await cli.run(['deploy', 'bot', '--yes', flag, set], { env, cwd });
    expect({ code, stderr }).toEqual({ code: 2, stderr: `Error: ${sentence}\n` });
  });

  test('a token that may not look at secrets leaves it to the build', async () => {
    const cwd = await agentFolder({ 'bot.py': '' });
    const forbidden = { status: 403, json: { error: 'secrets:read is missing', code: '403' } };
    server.routes[`GET ${org}/secrets/index`] = forbidden;
    server.routes[`GET ${org}/secrets/ghcr`] = forbidden;
    const sets = ['--build-secrets', 'index', '--build-credentials', 'ghcr'];
    expect((await cli.run(['deploy', 'bot', '--yes', ...sets], { env, cwd })).code).toBe(0);
    expect(seen(`POST ${org}/builds`)?.json()).toMatchObject({ secretSet: 'index', imagePullSecretSet: 'ghcr' });
  });

  test('of an image, which is not built, nothing is asked', async () => {
    const { code } = await cli.run(['deploy', 'bot', 'img:1', '--yes', '--build-secrets', 'nope'], { env });
    expect(code).toBe(0);
  });
});
