import { randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyAgent, logsHave, logsOf, sessionEnds, startSession } from './support/agents.js';
import { call } from './support/api.js';
import { type Cli, createCli } from './support/cli.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { dial } from './support/conversation.js';
import { cleanUp } from './support/paths.js';
import { type Person, signInOwner } from './support/person.js';
import { canariesIn, searchFiles, watchCommands } from './support/search.js';
import { until } from './support/wait.js';

const random = () => randomBytes(20).toString('hex');

/** Everything that must never be seen, filled as it comes into being. */
const canaries = new Map<string, string>([
  ['secret', `canary-${random()}`],
  ['secret with signs', `can"ary\\ ${random()} %&`],
  ['secret from a file', `canary_${random()}`],
  ['pull secret', `canary-${random()}`],
  ['refused secret', `canary-${random()}`],
]);
const canary = (name: string) => canaries.get(name) ?? '';

let cloud: Cloud;
let cli: Cli;
let organization: string;
let person: Person;

beforeAll(async () => {
  cloud = await startCloud({ env: { PIPECAT_CLOUD_LOG_LEVEL: 'debug' } });
  organization = '/v1/organizations/my-team';
  person = await signInOwner(cloud);
});

afterAll(async () => {
  await cleanUp();
});

const commands = watchCommands(canaries);

test('a whole flow runs with credentials of every kind', async () => {
  const first = cloud.token();
  canaries.set('token', first);
  canaries.set(
    'worker credential',
    readFileSync(join(cloud.dataDir, 'worker/credential'), 'utf8').match(/wk_[0-9a-f]{48}/)?.[0] ?? '',
  );
  expect(canary('worker credential')).not.toBe('');
  const client = cloud.client(first);
  canaries.set('private key', (await person.createApiKey('my-team', { name: 'canary', type: 'private' })).key);
  canaries.set('public key', (await client.createApiKey('my-team', { name: 'canary', type: 'public' })).key);
  cli = createCli({ port: cloud.port });

  await cli.ok(['auth', 'use-pat', '--stdin'], { input: `${canary('token')}\n` });
  expect(statSync(join(cli.home, '.config/pipecatcloud/pipecatcloud.toml')).mode & 0o777).toBe(0o600);
  await cli.ok(['auth', 'whoami']);
  await cli.ok(['--show-cli-config']);
  await cli.ok(['secrets', 'set', 'canaries', '--stdin', 'CANARY'], { input: canary('secret') });
  await cli.ok(['secrets', 'set', 'canaries', '--stdin', 'WITH_SIGNS'], { input: canary('secret with signs') });
  await cli.ok(['secrets', 'set', 'canaries', '--file', '-'], { input: `FILED=${canary('secret from a file')}\n` });
  // A live credential of this platform, which the agent will print: taken out of its log, and told to those who have to know.
  await cli.ok(['secrets', 'set', 'canaries', '--stdin', 'OWN_KEY'], { input: canary('private key') });
  const pull = { isImagePullSecret: true, host: 'https://registry.example', secretValue: canary('pull secret') };
  expect(
    (await call(cloud.url, 'PUT', `${organization}/secrets/canary-pull`, { token: first, body: pull })).status,
  ).toBeLessThan(500);

  await cli.ok(['deploy', '--yes', '--secrets', 'canaries'], { cwd: copyAgent('e2e/agents/probe') });
  const session = await startSession(cli, 'probe', { environment: true, seconds: 3600 });
  await logsHave(cli, 'probe', session, 'stdout CANARY=', 'stderr WITH_SIGNS', 'FILED');
  expect(canariesIn(await logsOf(cli, 'probe', session), canaries)).toEqual([]);
  await until('the printed key is an alert', async () => {
    const { findings } = await client.listLeaks('my-team');
    return findings.some(({ place, credential }) => place.kind === 'agent_log' && credential.kind === 'private');
  });

  const failing = await startSession(cli, 'probe', { failWith: 'CANARY' });
  await sessionEnds(cli, 'probe', failing);
  expect(canariesIn(await logsHave(cli, 'probe', failing, 'refused by a service'), canaries)).toEqual([]);

  // From now on the running instance has a value that the secret set does not have any more.
  canaries.set('newer secret', `canary-${random()}`);
  await cli.ok(['secrets', 'set', 'canaries', '--stdin', 'CANARY'], { input: canary('newer secret') });
  await afterRestarts(session);
  await cli.ok(['agent', 'stop', 'probe', '--session-id', session, '--force']);
});

/** Whoever comes back after a crash knows no less of what must not be written. */
async function afterRestarts(session: string): Promise<void> {
  for (const part of ['worker', 'server'] as const) {
    const old = cloud.pid(part);
    await cloud.kill(part);
    await until(`the ${part} runs again`, () => cloud.pid(part) !== undefined && cloud.pid(part) !== old);
    const print = () =>
      call(cloud.url, 'POST', `/v1/public/probe/sessions/${session}/print`, { token: canary('public key'), body: {} });
    await until('the session prints once more', async () => (await print()).status === 200);
  }
  const printed = await until('all of it is in the log', async () => {
    const log = await logsOf(cli, 'probe', session);
    return (log.match(/stdout CANARY=/g)?.length ?? 0) >= 3 && log;
  });
  expect(canariesIn(printed, canaries)).toEqual([]);
}

test('what is refused is not repeated', async () => {
  const answers: string[] = [];
  const send = async (method: string, path: string, options: Parameters<typeof call>[3] = {}) => {
    answers.push((await call(cloud.url, method, path, options)).text);
  };
  const refused = canary('refused secret');
  const token = canary('token');
  await send('PUT', `${organization}/secrets/canaries`, {
    token,
    body: { secretKey: 'NOT ALLOWED', secretValue: refused },
  });
  await send('PUT', `${organization}/secrets/canaries`, { token, body: { secretKey: 'KEY', secretValue: [refused] } });
  await send('PUT', `${organization}/secrets/canaries`, {
    token,
    body: `{"secretKey":"KEY","secretValue":"${refused}`,
  });
  await send('PUT', `${organization}/secrets/UPPER`, { token, body: { secretKey: 'KEY', secretValue: refused } });
  for (const name of ['token', 'private key', 'public key', 'worker credential']) {
    for (const path of [
      '/v1/users',
      organization,
      '/v1/public/probe/start',
      '/v1/agents',
      `/nowhere/${canary(name)}?token=${canary(name)}`,
    ]) {
      await send('GET', path, { token: canary(name) });
      await send('POST', path, { token: canary(name), body: { name: canary(name) } });
    }
    await send('GET', '/v1/users', { token: `${canary(name)}0` });
  }
  // The leak desk gets values by its nature, and repeats none: not of a report that it refuses, nor of one that it carries out.
  const handedIn = (await person.createApiKey('my-team', { name: 'leaked', type: 'private' })).key;
  canaries.set('reported key', handedIn);
  const desk = '/v1/credentials/revoke';
  await send('POST', desk, { body: { credentials: [handedIn, handedIn.slice(0, -1)], extra: handedIn } });
  await send('POST', desk, {
    body: { credentials: [handedIn], notes: `found: ${handedIn}`, url: `https://x/${handedIn}` },
  });
  await send('POST', desk, { body: `{"credentials":["${handedIn}"` });
  await cli.ok(['secrets', 'set', 'canaries', '--stdin', 'LEAKED'], { input: canary('private key') });
  await until('the secret set is looked into', async () => {
    await send('GET', `${organization}/leaks`, { token });
    return answers.at(-1)?.includes('canaries/LEAKED');
  });
  const started = await cli.json<{ token: string; wsUrl: string }>([
    'agent',
    'start',
    'probe',
    '--transport',
    'websocket',
  ]);
  const socket = await dial(`${started.wsUrl}?token=${started.token}`);
  // Printed to whoever asked for it; from here on it may be seen nowhere.
  canaries.set('socket token', started.token);
  await expect(dial(`${started.wsUrl}/${started.token}`)).rejects.toThrow('403');
  socket.close();
  expect(canariesIn(answers.join('\n'), canaries)).toEqual([]);

  for (const name of ['private key', 'public key']) {
    const other = createCli({ token: canary(name), port: cloud.port });
    const result = await other(['auth', 'whoami']);
    expect(result.code).toBeGreaterThan(0);
    expect(canariesIn(other.printed(), canaries)).toEqual([]);
  }
  const wrong = await cli(['secrets', 'set', 'Wrong Name', '--stdin', 'KEY'], { input: refused });
  expect(wrong.code).toBe(2);
});

test('nothing of it is in any file, output or list of processes', async () => {
  const masterKeys = JSON.parse(readFileSync(join(cloud.dataDir, 'keys.json'), 'utf8')) as Record<string, unknown>;
  const keyTexts = JSON.stringify(masterKeys).match(/[A-Za-z0-9+/]{40,}={0,2}/g) ?? [];
  expect(keyTexts.length).toBeGreaterThanOrEqual(4);
  for (const [index, text] of keyTexts.entries()) canaries.set(`master key ${index}`, text);

  const modeOf = (path: string) => statSync(join(cloud.dataDir, path)).mode & 0o777;
  const allowed = ['bootstrap-token', 'worker/credential', 'keys.json'];
  for (const path of allowed) expect({ path, mode: modeOf(path) }).toEqual({ path, mode: 0o600 });
  const inPlace = (line: string) => allowed.some((path) => line.startsWith(`${path}: `));

  // While it runs, with the newest changes still in the database's own log, and after it has put everything away.
  expect(searchFiles(cloud.dataDir, canaries).filter((line) => !inPlace(line))).toEqual([]);
  expect(await cloud.stop()).toBe(0);
  expect(searchFiles(cloud.dataDir, canaries).filter((line) => !inPlace(line))).toEqual([]);

  expect(searchFiles(cli.home, canaries)).toEqual(['.config/pipecatcloud/pipecatcloud.toml: token']);
  expect(canariesIn(cloud.process.stdout() + cloud.process.stderr(), canaries)).toEqual([]);
  const shown = new Map(canaries);
  shown.delete('socket token');
  expect(canariesIn(cli.printed(), shown)).toEqual([]);
  expect(commands.looks()).toBeGreaterThan(10);
  expect(commands.stop()).toEqual([]);
});
