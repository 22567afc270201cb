import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Client } from '@pipecat-cloud/contract/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { copyAgent, startSession } from './support/agents.js';
import { type Answer, call } from './support/api.js';
import { type Cli, type CliOptions, createCli } from './support/cli.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { readDatabase } from './support/database.js';
import { cleanUp, temporaryFolder } from './support/paths.js';
import { freePort } from './support/ports.js';

let cloud: Cloud;
let cli: Cli;
let client: Client;
let token: string;
const org = '/v1/organizations/my-team';

beforeAll(async () => {
  cloud = await startCloud();
  token = cloud.token();
  cli = createCli({ token, port: cloud.port });
  client = cloud.client(token);
  await cli.ok(['secrets', 'set', 'kept', '--stdin', 'KEY'], { input: 'value' });
  await cli.ok(['deploy', '--yes'], { cwd: copyAgent('e2e/agents/probe') });
});

afterAll(async () => {
  await cleanUp();
});

/** What the tables hold that people made; a refusal changes none of it, but for the record of the refusal itself. */
function everythingMade(): unknown {
  const counts = ['agent', 'deployment', 'secret_set', 'secret_value', 'api_key', 'token', 'build', 'session'];
  const queries = counts.map((table) => [table, `select count(*) as n from ${table}`] as const);
  const changes = ['audit', `select count(*) as n from audit where action not like 'access.refused%'`] as const;
  return [...queries, changes].map(([what, query]) => [what, readDatabase(cloud.dataDir, query)[0]?.n]);
}

/** A command that must fail with this exit code, and with a message that matches. Nothing may have changed by it. */
async function refused(
  args: readonly string[],
  code: number,
  message: RegExp,
  options: CliOptions = {},
): Promise<void> {
  const before = everythingMade();
  const result = await cli(args, options);
  expect({ args, code: result.code, stderr: result.stderr }).toEqual({
    args,
    code,
    stderr: expect.stringMatching(message),
  });
  expect(result.stderr).not.toMatch(/\n {4}at /);
  expect(result.stdout).toBe('');
  const asJson = await cli([...args, '--json'], options);
  expect(asJson.code).toBe(code);
  expect(asJson.json()).toMatchObject({ error: expect.stringMatching(message), code: expect.any(String) });
  expect(everythingMade()).toEqual(before);
}

describe('the API', () => {
  let before: unknown;
  beforeEach(() => {
    before = everythingMade();
  });

  async function answered(promise: Promise<Answer>, status: number, message: RegExp): Promise<void> {
    const { body, status: got } = await promise;
    expect({ status: got, body }).toEqual({
      status,
      body: expect.objectContaining({ error: expect.stringMatching(message), code: expect.any(String) }),
    });
    expect(everythingMade()).toEqual(before);
  }
  const send = (method: string, path: string, body?: unknown) => call(cloud.url, method, path, { token, body });

  test('an unknown field is refused where it would be lost', async () => {
    await answered(send('POST', '/v1/tokens', { name: 'x', expiresInDay: 3 }), 400, /expiresInDay/);
    await answered(send('PATCH', `${org}/properties`, { defaultRegion: 'us-west', color: 'red' }), 400, /color/);
  });

  test.each([
    ['POST', `${org}/services`, { serviceName: 5, image: 'a:1' }, /serviceName/],
    ['POST', `${org}/services`, { serviceName: 'new', image: 'a:1', autoScaling: { minAgents: '1' } }, /minAgents/],
    ['PUT', `${org}/secrets/kept`, { secretKey: 'KEY', secretValue: 7 }, /secretValue/],
    ['POST', `${org}/apiKeys`, { name: 'x', type: 'secret' }, /type/],
    ['POST', `${org}/services/probe/sessions`, { transport: 'pigeon' }, /transport/],
    ['GET', `${org}/services/probe/logs?limit=many`, undefined, /limit/],
  ])('a wrong type: %s %s', async (method, path, body, message) => {
    await answered(send(method, path, body), 400, message);
  });

  test('what is no JSON, and what is too large', async () => {
    await answered(send('POST', `${org}/services`, '{"serviceName":'), 400, /JSON/);
    const huge = { secretKey: 'KEY', secretValue: 'x'.repeat(3 * 1024 * 1024) };
    await answered(send('PUT', `${org}/secrets/kept`, huge), 413, /too large/);
    await answered(
      send('POST', `${org}/services/probe/sessions`, { body: { text: 'x'.repeat(1100 * 1024) } }),
      413,
      /body/,
    );
    const socket = { transport: 'websocket', body: { text: 'x'.repeat(5000) } };
    await answered(send('POST', `${org}/services/probe/sessions`, socket), 413, /4096/);
  });

  test('an agent name outside the rule, and one that is taken', async () => {
    for (const serviceName of ['Echo', 'a', '-echo', 'echo-', 'a.b', 'x'.repeat(55), 'webhooks', 'start-up', 'a/b']) {
      await answered(send('POST', `${org}/services`, { serviceName, image: 'a/b:1' }), 400, /name/i);
    }
    await answered(send('POST', `${org}/services`, { serviceName: 'probe', image: 'a/b:1' }), 400, /probe/);
    expect((await client.getService('my-team', 'probe')).ready).toBe(true);
  });

  test('a secret set that is not there', async () => {
    const [build] = (await client.listBuilds('my-team')).builds;
    const body = { serviceName: 'probe', buildId: build?.id, secretSet: 'missing-set' };
    await answered(send('PUT', `${org}/services`, body), 404, /missing-set/);
  });
});

describe('the command line', () => {
  test('names and sets that are wrong or missing', async () => {
    const folder = copyAgent('e2e/agents/probe');
    const named = (name: string) => ['deploy', name, '--yes'];
    await refused(named('No_Good'), 2, /name/i, { cwd: folder });
    await refused(['deploy', '--yes', '--secrets', 'missing-set'], 8, /missing-set/, { cwd: folder });
    await refused(['agent', 'start', 'nobody'], 8, /nobody/);
    await refused(['agent', 'start', 'probe', '--data', '{broken'], 2, /JSON/);
    await refused(['secrets', 'set', 'kept', 'bad key=1'], 2, /key/i);
    await refused(['agent', 'delete', 'probe'], 2, /--force/);
  });

  test('a deploy file that is not TOML, is a folder, or has a slip in it', async () => {
    const folder = copyAgent('e2e/agents/probe');
    const file = join(folder, 'pcc-deploy.toml');
    const good = readFileSync(file, 'utf8');
    writeFileSync(file, 'agent_name = probe"');
    await refused(['deploy', '--yes'], 1, /not valid TOML, line 1/, { cwd: folder });
    writeFileSync(file, good.replace('agent_name', 'agent_nam'));
    await refused(['deploy', '--yes'], 1, /agent_nam/, { cwd: folder });
    await refused(['deploy', '--yes', '--config-file', '.'], 1, /directory/, { cwd: folder });
    await refused(['deploy', '--yes', '--config-file', 'absent.toml'], 1, /does not exist/, { cwd: folder });
  });

  test('a credentials file that is not TOML or is a folder', async () => {
    const folder = temporaryFolder('config');
    const file = join(folder, 'cloud.toml');
    writeFileSync(file, '<html>', { mode: 0o600 });
    await refused(['agent', 'list'], 1, /not valid TOML/, { env: { PIPECAT_CONFIG_PATH: file } });
    expect(readFileSync(file, 'utf8')).toBe('<html>');
    mkdirSync(join(folder, 'folder'));
    await refused(['agent', 'list'], 1, /directory/, { env: { PIPECAT_CONFIG_PATH: join(folder, 'folder') } });
  });

  test('no server, a server that answers HTML, and one that leads elsewhere', async () => {
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    await refused(['agent', 'list'], 12, /refused/, { env: { PIPECAT_API_HOST: nowhere } });
    await refused(['agent', 'list'], 12, /name/, { env: { PIPECAT_API_HOST: 'http://no-such-host.invalid' } });
    let seen = '';
    const html = createServer((message, response) => {
      seen += message.url;
      if (message.url?.startsWith('/v1/organizations/')) response.writeHead(302, { location: nowhere }).end();
      else
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Welcome to the router</body></html>');
    });
    await new Promise<void>((resolve) => html.listen(0, '127.0.0.1', resolve));
    const host = `http://127.0.0.1:${(html.address() as AddressInfo).port}`;
    await refused(['auth', 'whoami'], 12, /text\/html/, { env: { PIPECAT_API_HOST: host } });
    await refused(['agent', 'list', '--organization', 'x'], 12, /redirect/, { env: { PIPECAT_API_HOST: host } });
    expect(seen).not.toContain(token);
    html.close();
    await refused(['agent', 'list'], 2, /no address/, { env: { PIPECAT_API_HOST: 'localhost' } });
  });

  test('an empty token, a cut one, and none', async () => {
    await refused(['agent', 'list'], 4, /empty/, { env: { PIPECAT_TOKEN: '' } });
    await refused(['agent', 'list'], 5, /cut short/, { env: { PIPECAT_TOKEN: token.slice(0, -4) } });
    await refused(['agent', 'list'], 5, /spaces/, { env: { PIPECAT_TOKEN: 'two words' } });
    await refused(['agent', 'list'], 7, /others/, { env: { PIPECAT_ORG: 'others' } });
  });
});

test('after all of that it works as before', async () => {
  await cli.ok(['auth', 'whoami']);
  expect((await cli.ok(['secrets', 'list', 'kept'])).stdout).toContain('KEY');
  expect(await startSession(cli, 'probe', {})).toMatch(/^[0-9a-f-]{36}$/);
});
