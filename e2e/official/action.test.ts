import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyAgent, logsHave, startSession } from '../src/support/agents.js';
import { type Cli, createCli } from '../src/support/cli.js';
import { type Cloud, startCloud } from '../src/support/cloud.js';
import { missing } from '../src/support/environment.js';
import { cleanUp } from '../src/support/paths.js';
import { signInOwner } from '../src/support/person.js';
import { type ActionInputs, type ActionRun, runAction } from './action/action.js';
import { createActionApi } from './action/api.js';
import { packContext } from './action/context.js';
import { compareSection } from './compatibility-page.js';

const lacking = missing('python');

/** Rows of the page, in its order. */
const rows = {
  build: 'builds a folder: upload URL without a region, upload, build, polls',
  create: '`POST /v1/agents`, then polls until `activeDeploymentReady`',
  found: 'the same folder again: the build is found by its hash',
  cached: 'the same upload again: `POST /v1/builds` says `cached`',
  update: '`POST /v1/agents/{name}` with `serviceName` and region in the body',
  consistent: 'the poll right after an update does not see the old deployment as ready',
  failed: 'a deployment that fails: `errors` ends the job, the one before goes on serving',
  failedBuild: 'a build that fails: its `errorMessage` ends the job',
  image: 'an image that this worker cannot run: `errors` ends the job',
  names: 'percent-encoded names',
  refusals: 'wrong key, unknown secret set, unknown region: the text ends the job',
} as const;
type Row = keyof typeof rows;
const found = new Map<Row, string>();
const passed = (row: Row, remark?: string) => found.set(row, remark ? `pass: ${remark}` : 'pass');

describe.skipIf(lacking)(`what the GitHub Action sends and reads${lacking ? ` (${lacking})` : ''}`, () => {
  let cloud: Cloud;
  let cli: Cli;
  let apiKey: string;
  let folder: string;
  let first: ActionRun;
  let second: ActionRun;

  beforeAll(async () => {
    cloud = await startCloud({ makesEnvironments: true });
    cli = createCli({ token: cloud.token(), port: cloud.port });
    const key = await (await signInOwner(cloud)).createApiKey('my-team', { name: 'github', type: 'private' });
    apiKey = key.key;
    expect(apiKey).toMatch(/^sk_/);
    folder = copyAgent('e2e/official/agent');
    writeFileSync(join(folder, '.env'), 'SECRET=never sent\n');
  });
  afterAll(cleanUp);

  const act = (inputs: Partial<ActionInputs> = {}) =>
    // As people write it in a workflow, with the slash.
    runAction({
      apiUrl: `${cloud.url}/`,
      apiKey,
      agentName: 'bot',
      buildContext: folder,
      waitTimeoutSeconds: 300,
      ...inputs,
    });
  const api = () => createActionApi(cloud.url, apiKey);
  const change = (bot: string) => writeFileSync(join(folder, 'bot.py'), bot);

  async function says(text: string): Promise<void> {
    const sessionId = await startSession(cli, 'bot', { seconds: 0 });
    await logsHave(cli, 'bot', sessionId, text);
  }

  test('deploys a folder that is new', async () => {
    expect(packContext(folder).files).toEqual(['Dockerfile', 'bot.py']);
    first = await act({ maxAgents: 3, enableManagedKeys: true, agentProfile: 'agent-1x' });
    expect(first).toMatchObject({
      build: 'built',
      updated: false,
      ready: { name: 'bot', available: true, errors: [] },
    });
    expect(first.ready.autoScaling).toEqual({ minReplicas: 0, maxReplicas: 3 });
    expect(first.ready.activeDeploymentId).toBe(first.deployed.desiredDeploymentId);
    passed('build');
    passed('create');
    await says("The body has ['seconds']");
  });

  test('the same folder again is neither uploaded nor deployed anew', async () => {
    second = await act({ region: 'us-west' });
    expect(second).toMatchObject({ build: 'found', buildId: first.buildId, updated: true, polls: 1 });
    expect(second.ready.activeDeploymentId).toBe(first.ready.activeDeploymentId);
    passed('found');
  });

  test('an upload of the same bytes is the same build, however its hash was looked up', async () => {
    // Newer ones count the path of the Dockerfile into the hash that they look up, which no server can know from the bytes.
    const { tarball, hash } = packContext(folder);
    const other = createHash('md5').update(tarball).update('\0dockerfile:Dockerfile').digest('hex').slice(0, 16);
    expect(other).not.toBe(hash);
    expect((await api().builds({ contextHash: other, status: 'success', limit: '1' })).builds).toEqual([]);
    const upload = await api().uploadUrl({});
    await api().upload(tarball, upload);
    const answer = await api().build({ uploadId: upload.uploadId, dockerfilePath: 'Dockerfile' });
    expect(answer).toMatchObject({ cached: true, build: { id: first.buildId, status: 'success' }, contextHash: hash });
    passed('cached');
  });

  test('a change becomes a deployment, and the job waits for that one', async () => {
    change('async def bot(args):\n    print("the second", flush=True)\n');
    const before = (await api().agent('bot')).activeDeploymentId;
    const run = await act({ region: 'us-west', maxAgents: 3 });
    passed('update');
    expect(run).toMatchObject({ build: 'built', updated: true });
    expect(run.deployed.desiredDeploymentId).not.toBe(before);
    // As the update itself left it, before any poll.
    expect(run.deployed.activeDeploymentReady).toBe(false);
    expect(run.ready.activeDeploymentId).toBe(run.deployed.desiredDeploymentId);
    passed('consistent');
    await says('the second');
  });

  test('what fails ends the job with the reason, and the deployment before goes on', async () => {
    change('raise RuntimeError("broken on purpose")\n');
    await expect(act()).rejects.toThrow(/^Deployment errors: PCC_\w+: .{20,}/);
    const agent = await api().agent('bot');
    expect(agent).toMatchObject({ available: true, ready: false, activeDeploymentReady: false });
    await says('the second');
    passed('failed');
    writeFileSync(join(folder, 'requirements.txt'), 'not a requirement at all\n');
    await expect(act()).rejects.toThrow(/^Cloud build failed: .{20,}/);
    passed('failedBuild');
  });

  test('an image is taken, and refused by the worker that cannot run it', async () => {
    const image = 'registry.example.com/team/bot:1';
    const run = runAction({ apiUrl: cloud.url, apiKey, agentName: 'image-bot', image });
    await expect(run).rejects.toThrow(/^Deployment errors: PCC_\w+: .{20,}/);
    passed('image', 'it has only the process driver, and says so');
  });

  test('refusals end the job with a sentence', async () => {
    // As it was at first: its build is there.
    const source = { buildContext: copyAgent('e2e/official/agent') };
    await expect(act({ ...source, agentName: 'My Agent/ü' })).rejects.toThrow(
      /^Failed to create deployment: .*serviceName/,
    );
    passed('names');
    await expect(act({ ...source, apiKey: `${apiKey.slice(0, -1)}_` })).rejects.toThrow(
      /: The credential that was sent/,
    );
    await expect(act({ ...source, secretSet: 'nowhere' })).rejects.toThrow(
      /^Failed to update deployment: .*'nowhere'.*not found/,
    );
    await expect(act({ ...source, region: 'moon' })).rejects.toThrow(/: .*moon/);
    passed('refusals');
  });

  test('docs/compatibility.md says what was found', () => {
    compareSection('github-action', {
      columns: ['what the Action does', 'as v2.0.3 does it'],
      rows: (Object.keys(rows) as Row[]).map((row) => [rows[row], found.get(row) ?? '']),
    });
  });
});
