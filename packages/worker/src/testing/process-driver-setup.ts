import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { create, Header } from 'tar';
import type { Driver } from '../drivers/driver.js';
import { createProcessDriver, type ProcessDriverOptions } from '../drivers/process/process-driver.js';
import type { BuilderUnderTest } from './contracts/builder.js';
import { type DriverUnderTest, never, orderOf, runs, specOf } from './driver-tools.js';

/** An agent that tests drive over HTTP; it runs as it is on any Node. */
const agentScript = `
import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { createServer } from 'node:http';
if (process.env.STUBBORN === '1') process.on('SIGTERM', () => {});
const idle = ['-e', 'setInterval(() => {}, 1000)'];
createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const url = new URL(request.url, 'http://agent');
  if (url.pathname === '/print') writeSync(1, Buffer.concat(chunks));
  if (url.pathname === '/environment') return response.end(JSON.stringify(process.env));
  if (url.pathname === '/arguments') return response.end(JSON.stringify(process.argv));
  if (url.pathname === '/folder') return response.end(process.cwd());
  if (url.pathname === '/child') return response.end(String(spawn(process.execPath, idle).pid));
  if (url.pathname === '/daemon') {
    // A session of its own, and a parent that is gone: nothing but its environment tells whose it is.
    const script = "const child = require('child_process').spawn(process.execPath, " + JSON.stringify(idle) +
      ", { detached: true, stdio: 'ignore' }); child.unref(); process.stdout.write(String(child.pid))";
    return spawn(process.execPath, ['-e', script], { detached: true }).stdout.once('data', (pid) => response.end(pid));
  }
  if (url.pathname === '/exit') response.once('close', () => process.exit(Number(url.searchParams.get('code'))));
  response.end('{}');
}).listen(Number(process.env.PORT), process.env.HOST, () => console.log('listening'));
`;

const localSection = '[local]\ncommand = ["node", "agent.mjs"]\n';
export const agentFiles: Record<string, string> = { 'agent.mjs': agentScript, 'pcc-deploy.toml': localSection };

/** A context of these files and programs, packed as clients do. */
export async function contextOf(
  files: Record<string, string>,
  programs: Record<string, Uint8Array> = {},
): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'context-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    for (const [path, bytes] of Object.entries(programs)) await writeFile(join(folder, path), bytes, { mode: 0o755 });
    const names = [...Object.keys(files), ...Object.keys(programs)];
    const chunks: Buffer[] = [];
    for await (const chunk of create({ cwd: folder, gzip: true, portable: true }, names)) {
      chunks.push(chunk as Buffer);
    }
    return Buffer.concat(chunks);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export interface RawEntry {
  path: string;
  type?: 'File' | 'Directory' | 'Link' | 'SymbolicLink' | 'CharacterDevice' | 'FIFO';
  linkpath?: string;
  text?: string;
}

/** A gzip'd tar with entries that no honest client writes. */
export function rawContext(entries: RawEntry[]): Buffer {
  const blocks = entries.flatMap(({ path, type = 'File', linkpath = '', text = '' }) => {
    const body = Buffer.from(text);
    const header = Buffer.alloc(512);
    new Header({ path, type, linkpath, size: body.length, mode: 0o644, mtime: new Date(0) }).encode(header);
    return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

export type ProcessSetup = Awaited<ReturnType<typeof createProcessSetup>>;

/** A process driver on a new folder, with ways to drive its instances. `close()` leaves no process and no file. */
export async function createProcessSetup(change: Partial<ProcessDriverOptions> = {}) {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'process-driver-')));
  const options: ProcessDriverOptions = {
    directory: join(directory, 'worker'),
    installationId: 'installation-1',
    log: pino({ level: 'silent' }),
    environment: { ...process.env, PIPECAT_CLOUD_TEST: 'of-the-worker', PIPECAT_TOKEN: 'of-the-worker' },
    ...change,
  };
  let driver = await createProcessDriver(options);
  const left: Driver[] = [];
  return {
    /** Parent of the driver's own folder. */
    directory,
    options,
    get driver(): Driver {
      return driver;
    },
    async restart(): Promise<Driver> {
      await driver.close();
      driver = await createProcessDriver(options);
      return driver;
    },
    /** A new driver while the one before still holds on to everything, as after `kill -9`. */
    async crash(): Promise<Driver> {
      left.push(driver);
      driver = await createProcessDriver(options);
      return driver;
    },
    /** Builds a context of these files and returns the build's id. */
    async build(files: Record<string, string>, onLine: (text: string) => void = () => undefined): Promise<string> {
      const context = await contextOf(files);
      const order = orderOf(context);
      await driver.build(order, async () => Readable.from([context]), onLine, never);
      return order.buildId;
    },
    async close(): Promise<void> {
      for (const { instanceId } of await driver.list()) await driver.remove(instanceId, { graceSeconds: 0 });
      await Promise.all([driver, ...left].map((each) => each.close()));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The process driver as `describeDriver` wants it. */
export async function createProcessDriverUnderTest(): Promise<DriverUnderTest> {
  const setup = await createProcessSetup();
  const call = async (address: string, path: string, body: Uint8Array = new Uint8Array()) => {
    const response = await fetch(`${address}${path}`, { method: 'POST', body: new Uint8Array(body) });
    await response.text();
  };
  return {
    driver: setup.driver,
    buildId: await setup.build(agentFiles),
    context: await contextOf(agentFiles),
    restart: setup.restart,
    print: ({ address }, output) => call(address, '/print', output),
    exit: ({ address }, code) => call(address, `/exit?code=${code}`),
    close: setup.close,
  };
}

/** The process driver's builder as `describeBuilder` wants it. */
export async function createProcessBuilderUnderTest(): Promise<BuilderUnderTest> {
  const setup = await createProcessSetup();
  const mark = `endless-${randomUUID()}`;
  const context = (script: string, ...more: string[]) => {
    const step = JSON.stringify(['node', '-e', script, ...more]);
    return contextOf({ 'pcc-deploy.toml': `[local]\nsetup = [${step}]\ncommand = ["node", "-e", "API_TOKEN"]\n` });
  };
  return {
    builder: setup.driver,
    contexts: {
      works: await context("console.log('it works')"),
      fails: await context("console.log('about to fail'); process.exit(3)"),
      endless: await context("console.log('begun'); setInterval(() => undefined, 1000)", mark),
      secret: await context('console.log(process.env.API_TOKEN)'),
    },
    async isUsable(buildId) {
      const spec = specOf(buildId);
      const started = await setup.driver.ensure(spec, never).then(
        () => true,
        () => false,
      );
      await setup.driver.remove(spec.instanceId, { graceSeconds: 0 });
      return started;
    },
    isRunning: () => runs(mark),
    async traces() {
      const files = await readdir(setup.directory, { recursive: true, withFileTypes: true });
      const texts = files
        .filter((entry) => entry.isFile())
        .map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1'));
      return (await Promise.all(texts)).join('\n');
    },
    crash: setup.crash,
    close: setup.close,
  };
}

/** Something that no other process on the machine has in its arguments or environment. */
export function uniqueSecret(): string {
  return createHash('sha256').update(randomUUID()).digest('hex');
}
