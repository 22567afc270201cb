import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { formatToken } from '@pipecat-cloud/contract/token-format';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { BuilderUnavailable } from '../drivers/builder.js';
import { type Driver, DriverError } from '../drivers/driver.js';
import type { Rig, RigOptions } from '../test-rig/rig.js';
import { building, context, orderBuild, startBuildRig } from '../testing/build-rig.js';

let rig: Rig;
afterEach(() => rig.close());

const wait = { interval: 5 };

const start = async (options?: RigOptions) => {
  rig = await startBuildRig(options);
};
const order = (buildId?: string, change?: object) => orderBuild(rig, buildId, change);
const whenFinished = async (count = 1) =>
  (await rig.control.whenReported('build-finished', undefined, count))[count - 1];
const lines = () => rig.control.reportsOf('build-logs').flatMap((report) => report.lines);

test('fetches the context with the credential, builds, and reports start, lines and result in this order', async () => {
  await start();
  expect(await order()).toMatchObject({ ok: true });
  expect(await whenFinished()).toMatchObject({ buildId: 'b-1', outcome: 'success' });
  expect(rig.control.seen.contextCredentials).toEqual(['Bearer wk_1']);
  expect(lines().map(({ text }) => text)).toEqual(['built b-1']);
  const kinds = rig.control.reports.map(({ report }) => report.type).filter((type) => type.startsWith('build'));
  expect(kinds).toEqual(['build-started', 'build-logs', 'build-finished']);
});

test('numbers lines upwards and keeps tokens out of them', async () => {
  await start(
    building(async (_order, _context, onLine) => {
      for (let at = 0; at < 500; at++) onLine(`line ${at}\n`);
      onLine(`sk_${'a'.repeat(48)}`);
    }),
  );
  await order();
  await whenFinished();
  expect(lines()).toHaveLength(501);
  expect(lines().at(-1)?.text).toBe('sk_[redacted]');
  const positions = lines().map(({ position }) => position);
  expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
});

test("a failed build says the driver's sentence", async () => {
  await start(building(() => Promise.reject(new DriverError('PCC_UNKNOWN_ERROR', 'pip found no such package'))));
  await order();
  expect(await whenFinished()).toMatchObject({ outcome: 'failed', message: 'pip found no such package' });
});

test('a build that takes too long is called off', async () => {
  const never = (...[, , , signal]: Parameters<Driver['build']>) =>
    new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  await start(building(never));
  await order('b-1', { timeoutSeconds: 0.05 });
  expect(await whenFinished()).toMatchObject({ outcome: 'timeout' });
});

test('a context that is gone fails the build', async () => {
  await start();
  rig.control.contexts.clear();
  await order();
  expect(await whenFinished()).toMatchObject({ outcome: 'failed', message: expect.stringContaining('deploy again') });
});

test.each([
  ['answers 500', (res: import('node:http').ServerResponse) => void res.writeHead(500).end()],
  [
    'breaks off',
    (res: import('node:http').ServerResponse) => void res.writeHead(200).write('half', () => res.destroy()),
  ],
])('a control plane that %s is asked again', async (_, trouble) => {
  await start();
  const healthy = rig.control.contexts.get('b-1');
  let asked = 0;
  rig.control.contexts.set('b-1', (res) => (++asked < 3 ? trouble(res) : healthy?.(res)));
  await order();
  expect(await whenFinished()).toMatchObject({ outcome: 'success' });
  expect(asked).toBe(3);
});

test('a build that the machine could not make at this moment is tried again', async () => {
  let attempts = 0;
  await start(
    building(async () => {
      if (++attempts < 3) throw new BuilderUnavailable('the engine is being restarted');
    }),
  );
  await order();
  expect(await whenFinished()).toMatchObject({ outcome: 'success' });
  expect(attempts).toBe(3);
});

test('builds run one after the other and are named while they wait', async () => {
  const running: string[] = [];
  const release = Promise.withResolvers<void>();
  await start(
    building(async ({ buildId }) => {
      running.push(buildId);
      await release.promise;
    }),
  );
  await order('b-1');
  await order('b-2');
  await order('b-1');
  await vi.waitFor(() => {
    const last = rig.control.messages.findLast(({ type }) => type === 'observed');
    expect(last).toMatchObject({ builds: ['b-1', 'b-2'] });
  }, wait);
  await vi.waitFor(() => expect(running).toEqual(['b-1']), wait);
  release.resolve();
  await whenFinished(2);
  expect(running).toEqual(['b-1', 'b-2']);
});

test('a finished build that is ordered again is told again, not run', async () => {
  await start();
  await order();
  const first = await whenFinished();
  await rig.stopWorker();
  await rig.startWorker();
  await order();
  expect(await whenFinished(2)).toEqual(first);
  // Builds run one after the other: had the first run again, it would have begun before this one.
  rig.control.contexts.set('b-2', (res) => void Readable.from([context]).pipe(res));
  await order('b-2');
  await rig.control.whenReported('build-finished', ({ buildId }) => buildId === 'b-2');
  expect(rig.control.reportsOf('build-started').map(({ buildId }) => buildId)).toEqual(['b-1', 'b-2']);
});

test('an unacknowledged result is told again by the next worker', async () => {
  await start();
  rig.control.behaviour.acknowledge = false;
  await order();
  const first = await whenFinished();
  await rig.stopWorker();
  rig.control.behaviour.acknowledge = true;
  await rig.startWorker();
  expect(await whenFinished(2)).toEqual(first);
});

test('a build under way when the worker ends runs again when ordered, with lines above those before', async () => {
  let attempts = 0;
  await start(
    building(async (_order, _context, onLine, signal) => {
      onLine('working');
      if (++attempts > 1) return;
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    }),
  );
  await order();
  await rig.control.whenReported('build-logs');
  await rig.stopWorker();
  expect(rig.control.reportsOf('build-finished')).toEqual([]);
  await rig.startWorker();
  await order();
  expect(await whenFinished()).toMatchObject({ outcome: 'success' });
  expect(lines()[1]?.position).toBeGreaterThan(lines()[0]?.position ?? Number.NaN);
});

test('a forgotten build is broken off and runs anew when it is ordered again', async () => {
  let attempts = 0;
  await start(
    building(async (_order, _context, _onLine, signal) => {
      if (++attempts > 1) return;
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    }),
  );
  await order();
  await vi.waitFor(() => expect(attempts).toBe(1), wait);
  expect(await rig.control.command({ do: 'forget-build', buildId: 'b-1' })).toMatchObject({ ok: true });
  expect(rig.control.reportsOf('build-finished')).toEqual([]);
  await order();
  expect(await whenFinished()).toMatchObject({ outcome: 'success' });
});

test('a credential in the output of a build is told to the control plane', async () => {
  const token = formatToken('personal', '1'.repeat(40));
  await start(building(async (_order, _context, onLine) => onLine(`ENV TOKEN=${token}\n`)));
  await order();
  await whenFinished();
  expect(await rig.control.whenReported('credentials-seen')).toMatchObject([
    { source: { kind: 'build', buildId: 'b-1' }, credentials: [{ value: token, count: 1 }] },
  ]);
});

test('several builds run at once, but one place is left to other organizations', async () => {
  const running: string[] = [];
  const release = Promise.withResolvers<void>();
  await start({
    ...building(async ({ buildId }) => {
      running.push(buildId);
      await release.promise;
    }),
    places: 2,
  });
  await order('b-1');
  await order('b-2');
  await order('b-3', { organizationId: 'org-2' });
  await vi.waitFor(() => expect(running).toEqual(['b-1', 'b-3']), wait);
  release.resolve();
  await whenFinished(3);
});

test('what a build was given is taken out of its output and of the reason of a failure', async () => {
  const password = 'hush-hush:password';
  const credentials = Buffer.from(`ann:${password}`).toString('base64');
  const secrets = { TOKEN: 'a-secret-of-the-build' };
  await start(
    building(async ({ secrets: given, registry }, _context, onLine) => {
      onLine(`index: https://${given?.TOKEN}@example.com`);
      onLine(`${Buffer.from(registry?.credentials ?? '', 'base64')} or ${registry?.credentials}`);
      throw new DriverError('PCC_UNKNOWN_ERROR', `curl ${given?.TOKEN} ${password} failed`);
    }),
  );
  await order('b-1', { secrets, registry: { host: 'ghcr.io/', credentials } });
  expect(await whenFinished()).toMatchObject({ outcome: 'failed', message: 'curl [redacted] [redacted] failed' });
  const told = ['index: https://[redacted]@example.com', 'ann:[redacted] or [redacted]'];
  expect(lines().map(({ text }) => text)).toEqual(told);
  await rig.stopWorker();
  const files = await readdir(rig.workerDir, { recursive: true, withFileTypes: true });
  const written = files.filter((entry) => entry.isFile()).map((file) => join(file.parentPath, file.name));
  const left = [...(await Promise.all(written.map((path) => readFile(path, 'utf8')))), ...rig.logged].join();
  for (const kept of [secrets.TOKEN, password, credentials]) expect(left).not.toContain(kept);
});

test('secrets that lie on this machine are read for the build, and a set that can not be used fails it', async () => {
  const seen: unknown[] = [];
  await start(building(async ({ secrets }) => void seen.push(secrets)));
  await mkdir(rig.secretsDir, { mode: 0o700 });
  await writeFile(join(rig.secretsDir, 'mine.env'), 'TOKEN=of-this-machine\n', { mode: 0o600 });
  await order('b-1', { referencedSecretSet: 'mine' });
  await whenFinished();
  expect(seen).toEqual([{ TOKEN: 'of-this-machine' }]);
  await order('b-2', { referencedSecretSet: 'absent' });
  expect(await whenFinished(2)).toMatchObject({ outcome: 'failed', message: expect.stringContaining('absent') });
});

test('the size of an image is reported, also by a build that was there already', async () => {
  await start(building(async () => ({ imageSizeBytes: 4711 })));
  await order();
  expect(await whenFinished()).toMatchObject({ outcome: 'success', imageSizeBytes: 4711 });
});

test('a build that ends the worker again and again is given up', async () => {
  await start(building((...[, , , signal]) => new Promise((_, reject) => signal.addEventListener('abort', reject))));
  for (let attempt = 1; attempt <= 5; attempt++) {
    await order();
    await rig.control.whenReported('build-started', undefined, attempt);
    await rig.stopWorker();
    await rig.startWorker();
  }
  expect(rig.control.reportsOf('build-finished')).toEqual([]);
  await order();
  expect(await whenFinished()).toMatchObject({ outcome: 'failed', message: expect.stringContaining('begun 5 times') });
});

describe('what is kept', () => {
  const kept = () => rig.control.messages.findLast(({ type }) => type === 'kept-builds');
  const whenKept = (...builds: string[]) => vi.waitFor(() => expect(kept()).toMatchObject({ builds }), wait);

  test('is told after a change and by the next worker, also of failed builds and until it is forgotten', async () => {
    await start();
    await whenKept();
    await order('b-1');
    await whenFinished();
    rig.control.contexts.delete('b-1');
    await order('b-gone');
    await whenFinished(2);
    await whenKept('b-1', 'b-gone');
    await rig.stopWorker();
    rig.control.messages.length = 0;
    await rig.startWorker();
    await whenKept('b-1', 'b-gone');
    await rig.control.command({ do: 'forget-build', buildId: 'b-gone' });
    await whenKept('b-1');
  });

  test('and used by an instance is not forgotten, and says so', async () => {
    await start({
      wrapDriver: (driver) => ({
        ...driver,
        forgetBuild: () => Promise.reject(new DriverError('PCC_UNKNOWN_ERROR', 'it is in use')),
      }),
    });
    await order();
    await whenFinished();
    const answer = await rig.control.command({ do: 'forget-build', buildId: 'b-1' });
    expect(answer).toMatchObject({ ok: false, refusal: 'busy', message: 'it is in use' });
    await whenKept('b-1');
  });
});
