import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OBJECT_STORAGE, obtainPython } from './python.mjs';

const START_MS = 60_000;
const STOP_MS = 20_000;
/** Ports are looked for before they are taken, so somebody may come between. */
const TRIES = 3;
const BUCKET = 'contexts';

/**
 * A private S3-compatible storage for one test run, SeaweedFS: a temporary folder, free loopback ports, a random key that has what
 * docs/uploads.md asks for in one bucket. Returns `{ url, stop() }`, or `{ reason }` where it can't be had. The address is
 * `http://{key id}:{secret}@{host}:{port}/{bucket}?name={what it is}`.
 */
export async function startObjectStorage(root, signal) {
  const { python, reason } = await obtainPython(root, signal, OBJECT_STORAGE);
  if (!python) return { reason };
  const weed = join(dirname(python), 'weed');
  let last = '';
  for (let tried = 0; tried < TRIES && !signal?.aborted; tried++) {
    const folder = mkdtempSync(join(tmpdir(), 'pipecat-cloud-storage-'));
    const server = await launch(weed, folder);
    try {
      const url = await server.ready(signal);
      return { url, stop: server.stop };
    } catch (error) {
      last = error.message;
      await server.stop();
    }
  }
  return { reason: `the object storage did not start: ${last}` };
}

async function launch(weed, folder) {
  const [accessKey, secretKey] = [randomBytes(10).toString('hex'), randomBytes(20).toString('hex')];
  const actions = [`Read:${BUCKET}`, `Write:${BUCKET}`];
  const identities = [{ name: 'tests', credentials: [{ accessKey, secretKey }], actions }];
  const config = join(folder, 's3.json');
  writeFileSync(config, JSON.stringify({ identities }), { mode: 0o600 });
  const parts = ['master', 'volume', 'filer', 's3'];
  const ports = await freePorts(2 * parts.length);
  const listening = parts.flatMap((part, index) => [
    `-${part}.port=${ports[2 * index]}`,
    `-${part}.port.grpc=${ports[2 * index + 1]}`,
  ]);
  const places = [`-dir=${folder}`, '-ip=127.0.0.1', '-ip.bind=127.0.0.1', ...listening];
  const sockets = ['filer', 's3'].map((part) => `-${part}.localSocket=${join(folder, part)}.sock`);
  const settings = [
    '-filer',
    '-s3',
    `-s3.config=${config}`,
    '-s3.iam=false',
    '-master.volumeSizeLimitMB=64',
    ...sockets,
  ];
  // These would listen at fixed ports, and tell the makers about us.
  const without = ['-s3.port.iceberg=0', '-s3.port.lance=0', '-master.telemetry=false'];
  // A group of its own: Ctrl-C reaches the test run, which stops it after those who use it.
  const child = spawn(weed, ['-logtostderr=true', 'server', ...places, ...settings, ...without], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output = (output + text).slice(-2000);
  });
  const ended = new Promise((resolve) => {
    child.once('error', resolve);
    child.once('close', resolve);
  });
  const isOver = () => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  const [filer, s3] = [ports[4], ports[6]];

  return {
    async ready(signal) {
      const until = Date.now() + START_MS;
      // A file in the bucket's folder makes the bucket, and shows that there is room for files.
      const made = () => answers(`http://127.0.0.1:${filer}/buckets/${BUCKET}/ready`, 'PUT', 201);
      const served = () => answers(`http://127.0.0.1:${s3}/`, 'GET', 403);
      while (!((await made()) && (await served()))) {
        if (isOver() || signal?.aborted || Date.now() > until)
          throw new Error(output.trim().split('\n').at(-1) || 'it did not answer');
        await sleep(100);
      }
      return `http://${accessKey}:${secretKey}@127.0.0.1:${s3}/${BUCKET}?name=SeaweedFS`;
    },
    async stop() {
      if (!isOver()) {
        child.kill('SIGTERM');
        const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
        await ended;
        clearTimeout(timer);
      }
      rmSync(folder, { recursive: true, force: true });
      // It leaves these behind, and has no setting for their place.
      for (const [index, part] of parts.entries()) {
        rmSync(`/tmp/seaweedfs-${part}-grpc-${ports[2 * index + 1]}.sock`, { force: true });
      }
    },
  };
}

async function answers(url, method, status) {
  const body = method === 'PUT' ? { body: 'x' } : {};
  try {
    const answer = await fetch(url, { method, ...body, signal: AbortSignal.timeout(10_000) });
    await answer.arrayBuffer();
    return answer.status === status;
  } catch {
    return false; // Not there yet.
  }
}

/** So many at once, so that none comes twice. */
async function freePorts(count) {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise((resolve, reject) => {
          const server = createServer().once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
