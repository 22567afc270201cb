import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogEntry } from '@pipecat-cloud/contract/logs';
import type { SessionTrace } from '@pipecat-cloud/contract/sessions';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyAgent, startSession } from './support/agents.js';
import { type Cli, createCli } from './support/cli.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { plainEnvironment } from './support/environment.js';
import { cleanUp, inRoot } from './support/paths.js';
import { type Running, run } from './support/processes.js';
import { until } from './support/wait.js';

let cloud: Cloud;
let cli: Cli;

beforeAll(async () => {
  cloud = await startCloud();
  cli = createCli({ token: cloud.token(), port: cloud.port });
  await cli.ok(['deploy', '--yes', '--min-agents', '1', '--max-agents', '5'], { cwd: copyAgent('examples/echo') });
});
afterAll(async () => {
  await cloud.stop();
  await cleanUp();
});

/** The command line as somebody leaves it running. */
function follow(...args: string[]): Running & { lines(): LogEntry[] } {
  const started = run(
    process.execPath,
    [inRoot('packages/cli/bin/pipecat.js'), 'cloud', 'agent', 'logs', 'echo', '--follow', '--json', ...args],
    {
      env: plainEnvironment({ HOME: cli.home, PIPECAT_TOKEN: cloud.token(), PIPECAT_API_HOST: cloud.url }),
    },
  );
  const lines = () =>
    started
      .stdout()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as LogEntry);
  return { ...started, lines };
}

test('lines are followed while the control plane is killed and comes back: none is missing, none comes twice', async () => {
  const follower = follow('-n', '1', '--query', 'turn ');
  // Only of sessions that are known to have begun: a start may be told as failed, and say its lines all the same.
  const sessions = new Set<string | undefined>();
  const seen = () =>
    follower
      .lines()
      .filter(({ sessionId }) => sessions.has(sessionId))
      .map(({ log }) => /turn \d+/.exec(log)?.[0]);
  const numbers = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, index) => `turn ${first + index}`);
  const say = (first: number, last: number) => startSession(cli, 'echo', { seconds: 0, log: numbers(first, last) });
  await until('the follower sees a line', async () => {
    await say(1, 1);
    return await until('it comes', () => follower.lines().length > 0, 3000).then(
      () => true,
      () => false,
    );
  });
  sessions.add(await say(2, 5));
  await until('it sees the next', () => seen().includes('turn 5'));

  const old = cloud.pid('server');
  await cloud.kill('server');
  await until('the server runs again', () => cloud.pid('server') !== undefined && cloud.pid('server') !== old);
  await until('the API answers', async () => (await cli(['auth', 'whoami'])).code === 0);
  sessions.add(await until('a session starts', () => say(6, 9)));
  await until('it goes on', () => seen().includes('turn 9'));
  expect(seen()).toEqual(numbers(2, 9));
  for (const line of follower.lines()) {
    expect(line).toMatchObject({ level: 'INFO', cursor: expect.any(String), sessionId: expect.any(String) });
  }
  follower.child.kill('SIGTERM');
  await follower.ended;
});

test('the trace of a session tells where the time of its start went', async () => {
  const session = await startSession(cli, 'echo', { seconds: 0 });
  const trace = await cli.json<SessionTrace>(['agent', 'session', 'trace', session, 'echo']);
  expect(trace).toMatchObject({ outcome: 'started', steps: expect.any(Array) });
  expect(trace.steps.map(({ step }) => step)).toEqual(expect.arrayContaining(['queue', 'claim', 'activate']));
});

test('with a session it ends with that', async () => {
  const session = await startSession(cli, 'echo', { seconds: 1, log: ['the only one'] });
  const follower = follow('--session-id', session);
  expect(await follower.ended).toBe(0);
  expect(follower.lines().some(({ log }) => log.includes('the only one'))).toBe(true);
  expect(follower.lines().some(({ log }) => log.includes('Leaving'))).toBe(true);
});

test('both processes tell their metrics, and doctor what runs the agents', async () => {
  const scrape = async (url: string, tokenFile: string) => {
    const authorization = `Bearer ${readFileSync(join(cloud.dataDir, tokenFile), 'utf8').trim()}`;
    const response = await fetch(url, { headers: { authorization } });
    expect(response.status).toBe(200);
    return await response.text();
  };
  const text = await scrape(`${cloud.url}/metrics`, 'metrics-token');
  expect(text).toMatch(/pipecat_cloud_workers\{state="connected"\} 1/);
  expect(Number(/pipecat_cloud_log_lines_total (\d+)/.exec(text)?.[1])).toBeGreaterThan(0);
  const { checks } = await cli.json<{ checks: { name: string; text: string }[] }>(['doctor']);
  expect(checks.find(({ name }) => name === 'worker')?.text).toContain('runs agents as local processes');
  expect(checks.find(({ name }) => name === 'installation')?.text).toContain('SQLite');
});
