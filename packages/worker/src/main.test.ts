import { type ChildProcess, execFile, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { create } from 'tar';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type FakeControl, goodToken, startFakeControl } from './test-rig/fake-control.js';
import { activationOf, specOf } from './test-rig/rig.js';

// The worker as it is run: compiled, a process of its own, with the process driver and a real agent.
const packageFolder = join(import.meta.dirname, '..');
const main = join(packageFolder, 'dist', 'main.js');
const agent = `
import { createServer } from 'node:http';
let finish;
createServer((req, res) => {
  if (req.url === '/bot') {
    const metadata = JSON.stringify({ session_id: req.headers['x-daily-session-id'] });
    console.log('Starting bot session with metadata: ' + metadata);
    finish = () => { console.log('Stopping bot session with metadata: ' + metadata); res.end('{}'); };
  } else if (req.url === '/finish') { finish(); res.end('finished'); }
  else if (req.url !== '/who') res.end();
  else { console.log('secret is ' + process.env.SECRET); res.end('pid ' + process.pid); }
}).listen(process.env.PORT);
`;

let folder: string;
let control: FakeControl;
let worker: ChildProcess;
let output: string;
let agentPid: number | undefined;

beforeAll(() =>
  promisify(execFile)(process.execPath, [join(packageFolder, '../../node_modules/.bin/tsc'), '-b', packageFolder]),
);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'worker-main-'));
  control = await startFakeControl();
  await writeFile(join(folder, 'worker-enrolment'), goodToken);
  output = '';
});
afterEach(async () => {
  await kill('SIGKILL');
  // Left over only where a test has failed: agents outlive their worker.
  if (agentPid !== undefined) process.kill(agentPid, 'SIGKILL');
  await control.stop();
  await rm(folder, { recursive: true, force: true });
});

function start(env: Record<string, string> = {}): void {
  worker = fork(main, {
    silent: true,
    env: {
      PATH: process.env.PATH ?? '',
      PIPECAT_CLOUD_WORKER_DRIVER: 'process',
      PIPECAT_CLOUD_DATA_DIR: folder,
      PIPECAT_CLOUD_CONTROL_URL: control.url,
      ...env,
    },
  });
  for (const stream of [worker.stdout, worker.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
}

async function whenReady(): Promise<void> {
  const [message] = await once(worker, 'message');
  expect(message).toEqual({ type: 'ready', notes: [expect.stringMatching(/^Driver {13}process: /)] });
}

async function kill(signal: NodeJS.Signals): Promise<number | null> {
  if (worker.exitCode !== null || worker.signalCode !== null) return worker.exitCode;
  const exited = once(worker, 'exit');
  worker.kill(signal);
  return (await exited)[0] as number | null;
}

async function relay(path: string): Promise<string> {
  const hello = control.messages.findLast((message) => message.type === 'hello');
  const dataUrl = hello?.type === 'hello' ? hello.dataUrl : '';
  const hop = control.hop({ instanceId: 'i-1', sessionId: 's-1' });
  const answer = await fetch(`${dataUrl}/instances/i-1${path}`, { headers: { 'x-pipecat-cloud-hop': hop } });
  return answer.text();
}

async function deploy(): Promise<void> {
  await writeFile(join(folder, 'bot.mjs'), agent);
  await writeFile(join(folder, 'pcc-deploy.toml'), 'agent_name = "bot"\n[local]\ncommand = ["node", "bot.mjs"]\n');
  await create({ gzip: true, file: join(folder, 'context.tgz'), cwd: folder }, ['bot.mjs', 'pcc-deploy.toml']);
  const context = await readFile(join(folder, 'context.tgz'));
  const contextSha256 = createHash('sha256').update(context).digest('hex');
  control.contexts.set('b-1', (res) => void res.end(context));
  const build = { buildId: 'b-1', contextSha256, dockerfilePath: 'Dockerfile' };
  await control.command({ do: 'build', order: { ...build, organizationId: 'org-1', timeoutSeconds: 60 } });
  expect((await control.whenReported('build-finished'))[0]).toMatchObject({ outcome: 'success' });
  const ensure = { source: { type: 'build', ...build }, environment: { SECRET: 'long-enough-secret' } } as const;
  await control.command({ do: 'ensure', spec: specOf('i-1', ensure) });
  await control.whenObserved('i-1', 'ready');
}

test('a session goes on while its worker is killed and started again, and ends once', async () => {
  start();
  await whenReady();
  await deploy();
  expect(await control.command({ do: 'activate', activation: activationOf({ instanceId: 'i-1' }) })).toMatchObject({
    ok: true,
  });
  const pid = await relay('/who');
  agentPid = Number(pid.replace('pid ', ''));
  await kill('SIGKILL');
  control.messages.length = 0;
  start();
  await whenReady();
  expect(await control.whenObserved('i-1', 'busy')).toMatchObject({ sessionId: 's-1', epoch: 1 });
  expect(await relay('/who')).toBe(pid);
  expect(await relay('/finish')).toBe('finished');
  await control.whenReported('session-ended');
  await control.whenObserved('i-1', 'ready');
  const environment = { SECRET: 'long-enough-secret' };
  await control.command({ do: 'ensure', spec: specOf('i-1', { environment }) });
  await control.whenReported('logs', ({ lines }) => lines.some(({ text }) => text.startsWith('Stopping')));
  const lines = control.reportsOf('logs').flatMap((report) => report.lines);
  expect(lines.find(({ text }) => text.startsWith('secret is'))).toMatchObject({
    // Starred out in the output itself when the worker had read it before it was killed.
    text: expect.stringMatching(/^secret is (\[redacted\]|\*+)$/),
    sessionId: 's-1',
  });
  await control.command({ do: 'remove', instanceId: 'i-1', graceSeconds: 0 });
  await control.whenObserved('i-1', undefined);
  agentPid = undefined;
  expect(control.reportsOf('session-ended')).toMatchObject([{ sessionId: 's-1', reason: 'completed' }]);
  expect(await kill('SIGTERM')).toBe(0);
  expect(output).not.toContain('long-enough-secret');
});

test('a wrong configuration is one line and exit code 1', async () => {
  start({ PIPECAT_CLOUD_WORKER_DATA_PORT: 'many' });
  // Only then all that it wrote has come.
  const [code] = await once(worker, 'close');
  expect(code).toBe(1);
  expect(output.trim().split('\n')).toHaveLength(1);
  expect(output).toContain('PIPECAT_CLOUD_WORKER_DATA_PORT');
});

test('a data port that is taken is one line and exit code 1', async () => {
  start({ PIPECAT_CLOUD_WORKER_DATA_PORT: new URL(control.url).port, PIPECAT_CLOUD_LOG_LEVEL: 'silent' });
  const [code] = await once(worker, 'close');
  expect(code).toBe(1);
  expect(output.trim().split('\n')).toHaveLength(1);
  expect(output).toContain('EADDRINUSE');
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s closes it cleanly, ready or not', async (signal) => {
  await control.stop();
  start({ PIPECAT_CLOUD_LOG_LEVEL: 'debug' });
  await vi.waitFor(() => expect(output).toContain('could not be reached'));
  expect(await kill(signal)).toBe(0);
  await control.start();
});

test('it closes when the process that started it is gone', async () => {
  start();
  await whenReady();
  const exited = once(worker, 'exit');
  worker.disconnect();
  expect((await exited)[0]).toBe(0);
});
