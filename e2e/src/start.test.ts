import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { copyAgent, startSession } from './support/agents.js';
import { createCli } from './support/cli.js';
import { launch, startCloud } from './support/cloud.js';
import { readDatabase } from './support/database.js';
import { cleanUp, temporaryFolder } from './support/paths.js';
import { freePort } from './support/ports.js';
import { endProcesses, processesOf } from './support/processes.js';
import { until } from './support/wait.js';

afterEach(endProcesses);
afterAll(cleanUp);

const newDataDir = () => join(temporaryFolder('start'), 'data');

test('the last line says that it is ready, Ctrl-C stops all of it, and it starts again on the same data', async () => {
  const dataDir = newDataDir();
  const port = await freePort();
  const first = launch({ PORT: String(port), PIPECAT_CLOUD_DATA_DIR: dataDir });
  await until('it is ready', () => first.stdout().endsWith(`ready http://localhost:${port}\n`), 120_000);
  expect(first.stdout()).toMatch(/\/setup#code=\S+/);
  expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  const token = readFileSync(join(dataDir, 'bootstrap-token'), 'utf8').trim();
  const cli = createCli({ token, port });
  await cli.ok(['secrets', 'set', 'kept', '--stdin', 'KEY'], { input: 'value' });

  first.child.kill('SIGINT');
  expect(await first.ended).toBe(0);
  expect(first.stdout()).toMatch(/Stopped\.\n$/);
  expect(processesOf(dataDir)).toEqual([]);
  expect((await cli(['auth', 'whoami'])).code).toBe(12);

  const second = await startCloud({ dataDir, port });
  expect((await cli.ok(['secrets', 'list'])).stdout).toContain('kept');
  expect(await second.stop()).toBe(0);
  expect(processesOf(dataDir)).toEqual([]);
});

test('Ctrl-C stops the agents too: no process of the installation is left', async () => {
  const cloud = await startCloud({ port: await freePort() });
  const cli = createCli({ token: cloud.token(), port: cloud.port });
  await cli.ok(['deploy', '--yes'], { cwd: copyAgent('e2e/agents/probe') });
  const session = await startSession(cli, 'probe', { seconds: 0 });
  expect(session).toMatch(/^[0-9a-f-]{36}$/);
  expect(await cloud.stop()).toBe(0);
  expect(cloud.pid('server')).toBeUndefined();
  expect(cloud.pid('worker')).toBeUndefined();
  await until('nothing runs any more', () => processesOf(cloud.dataDir).length === 0);
});

describe('what cannot work is one clear line and exit 1', () => {
  async function refusal(environment: Record<string, string>): Promise<string> {
    const started = launch({ PIPECAT_CLOUD_DATA_DIR: newDataDir(), PORT: String(await freePort()), ...environment });
    expect(await started.ended).toBe(1);
    expect(started.stdout()).not.toContain('ready');
    const lines = started
      .stderr()
      .trim()
      .split('\n')
      .filter((line) => !/^Building the |; still waiting\.$/.test(line));
    expect(lines).toHaveLength(1);
    return lines[0] ?? '';
  }

  test('a port that is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    expect(await refusal({ PORT: String(port) })).toMatch(new RegExp(`Port ${port} is taken.*PORT=`));
    await new Promise((resolve) => other.close(resolve));
  });

  test('a file where the data folder should be', async () => {
    const file = join(temporaryFolder('start'), 'data');
    writeFileSync(file, 'keep me');
    expect(await refusal({ PIPECAT_CLOUD_DATA_DIR: file })).toContain('a file stands in its place');
    expect(readFileSync(file, 'utf8')).toBe('keep me');
  });

  test.each([
    ['PORT', '74OO'],
    ['PIPECAT_CLOUD_PUBLIC_URL', 'cloud.example'],
    ['PIPECAT_CLOUD_DATABASE_URL', 'mysql://cloud'],
    ['PIPECAT_CLOUD_LOG_LEVEL', 'loud'],
    ['PIPECAT_CLOUD_BOOTSTRAP_EMAIL', 'nobody'],
  ])('%s=%s', async (name, value) => {
    const line = await refusal({ [name]: value });
    expect(line).toContain(name);
    expect(line).toContain(value);
  });

  test('a second start while the first one runs', async () => {
    const cloud = await startCloud({ port: await freePort() });
    expect(await refusal({ PIPECAT_CLOUD_DATA_DIR: cloud.dataDir })).toContain('already runs on the data folder');
    expect((await fetch(`${cloud.url}/livez`)).status).toBe(200);
  });
});

test('without a person the owner comes from the environment, once', async () => {
  const folder = temporaryFolder('start');
  const tokenFile = join(folder, 'first-token');
  const dataDir = join(folder, 'data');
  const env = {
    PIPECAT_CLOUD_BOOTSTRAP_EMAIL: 'ops@example.com',
    PIPECAT_CLOUD_BOOTSTRAP_ORG: 'factory',
    PIPECAT_CLOUD_BOOTSTRAP_TOKEN_FILE: tokenFile,
  };
  const port = await freePort();
  const first = await startCloud({ dataDir, port, env });
  expect(first.process.stdout()).not.toContain('/setup#code=');
  expect(statSync(tokenFile).mode & 0o777).toBe(0o600);
  expect(existsSync(join(dataDir, 'bootstrap-token'))).toBe(false);
  const token = readFileSync(tokenFile, 'utf8').trim();
  const cli = createCli({ token, port });
  const who = await cli.json<{ user: { email: string }; organization: { name: string }; token: { expiresAt: string } }>(
    [...['auth', 'whoami']],
  );
  expect(who).toMatchObject({ user: { email: 'ops@example.com' }, organization: { name: 'factory' } });
  expect(first.process.stdout() + first.process.stderr()).not.toContain(token);
  await first.stop();

  const second = await startCloud({ dataDir, port, env });
  expect(readFileSync(tokenFile, 'utf8').trim()).toBe(token);
  await cli.ok(['auth', 'whoami']);
  expect((await cli.json<{ organizations: unknown[] }>(['organizations', 'list'])).organizations).toHaveLength(1);
  const records = readDatabase(
    dataDir,
    "select count(*) as count from audit where action = 'installation.bootstrapped'",
  );
  expect(records).toEqual([{ count: 1 }]);
  await second.stop();
});
