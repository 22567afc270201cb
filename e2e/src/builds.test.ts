import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cli, createCli } from './support/cli.js';
import { createParts, type Parts } from './support/parts.js';
import { cleanUp, temporaryFolder } from './support/paths.js';
import { commandOf } from './support/processes.js';
import { searchFiles } from './support/search.js';
import { until } from './support/wait.js';

interface BuildRow {
  id: string;
  status: string;
  errorMessage?: string;
}

/** A step that says when it begins, goes on until it is let go, and notes whether another of its kind runs at that moment. */
const step = `
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
const notes = process.argv[2];
const others = existsSync(notes) ? readFileSync(notes, 'utf8').trim().split('\\n').map(Number) : [];
// What has ended and is still listed has no command any more.
const runs = (pid) => { try { return readFileSync('/proc/' + pid + '/cmdline').length > 0; } catch { return false; } };
if (others.some(runs)) appendFileSync(notes + '-overlap', 'x');
appendFileSync(notes, process.pid + '\\n');
console.log('begun, with ' + (process.env.INDEX_TOKEN ?? 'nothing'));
while (!existsSync(notes + '-go')) await new Promise((resolve) => setTimeout(resolve, 50));
`;
const bot = `import { createServer } from 'node:http';
createServer((_, response) => response.end('{}')).listen(process.env.PORT, process.env.HOST);`;

let parts: Parts;
let cli: Cli;

beforeAll(async () => {
  parts = await createParts({ env: { PIPECAT_CLOUD_WORKER_DRIVER: 'process' } });
  await parts.start('server');
  await parts.start('worker');
  cli = createCli({ token: parts.token(), port: parts.port });
});

afterAll(async () => {
  await parts.close();
  await cleanUp();
});

/** An agent whose set-up goes on until it is let go, and what that has noted. */
function slowAgent(name: string) {
  const folder = join(temporaryFolder('agent'), 'agent');
  const notes = join(temporaryFolder('notes'), 'begun');
  mkdirSync(folder);
  writeFileSync(join(folder, 'step.mjs'), step);
  writeFileSync(join(folder, 'bot.mjs'), bot);
  const setup = JSON.stringify([['node', 'step.mjs', notes]]);
  writeFileSync(
    join(folder, 'pcc-deploy.toml'),
    `agent_name = "${name}"\n[local]\nsetup = ${setup}\ncommand = ["node", "bot.mjs"]\n`,
  );
  const pids = () => (existsSync(notes) ? readFileSync(notes, 'utf8').trim().split('\n').map(Number) : []);
  return {
    folder,
    begins: (times: number) => until(`the set-up begins ${times} times`, () => pids().length === times),
    runs: () => pids().some((pid) => commandOf(pid) !== ''),
    times: () => pids().length,
    overlapped: () => existsSync(`${notes}-overlap`),
    letGo: () => writeFileSync(`${notes}-go`, ''),
  };
}

const list = async () => (await cli.json<{ builds: BuildRow[] }>(['build', 'list'])).builds;

test('a build outlives kill -9 of worker and control plane, and is not made twice at once', async () => {
  const agent = slowAgent('patient');
  const deploying = cli(['deploy', '--yes'], { cwd: agent.folder });
  await agent.begins(1);
  await parts.kill('worker');
  await parts.start('worker');
  await agent.begins(2);
  await parts.kill('server');
  await parts.start('server');
  agent.letGo();
  // The command line waits a little for a control plane that is away; the build needs nobody who waits.
  await deploying;
  await until('the build has ended', async () => (await list())[0]?.status === 'success');
  expect({ times: agent.times(), overlapped: agent.overlapped() }).toEqual({ times: 2, overlapped: false });
  expect(await list()).toMatchObject([{ status: 'success' }]);
});

test('a cancelled build ends at once, leaves nothing, and whoever deploys hears of it', async () => {
  const agent = slowAgent('hasty');
  const deploying = cli(['deploy', '--yes'], { cwd: agent.folder });
  await agent.begins(1);
  // The step runs a moment before the control plane hears of it.
  const build = await until('the build is told as building', async () => {
    return (await list()).find(({ status }) => status === 'building');
  });
  await cli.ok(['build', 'cancel', build.id]);
  expect(await deploying).toMatchObject({ code: 1, stderr: expect.stringContaining('The build was cancelled') });
  await until('the step has ended', () => !agent.runs());
  const builds = join(parts.dataDir, 'worker/builds');
  await until('its files are gone', () => !readdirSync(builds).includes(build.id));
  expect((await cli(['build', 'cancel', build.id])).code).toBe(0);
});

test('secrets reach the steps of a build, and no file and no log', async () => {
  const agent = slowAgent('discreet');
  agent.letGo();
  const secret = 'index-token-4711-0815';
  await cli.ok(['secrets', 'set', 'index', `INDEX_TOKEN=${secret}`, '--yes']);
  const deployed = await cli.ok(['deploy', '--yes', '--build-secrets', 'index'], { cwd: agent.folder });
  expect(deployed.stderr).toContain('begun, with [redacted]');
  const [build] = await list();
  expect((await cli.ok(['build', 'logs', build?.id ?? ''])).stdout).not.toContain(secret);
  expect(searchFiles(parts.dataDir, new Map([['secret', secret]]))).toEqual([]);
});
