import { existsSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { goodToken } from './test-rig/fake-control.js';
import { type Rig, type RigOptions, specOf, startRig } from './test-rig/rig.js';

let rig: Rig;
afterEach(() => rig.close());

async function start(options?: RigOptions): Promise<void> {
  rig = await startRig(options);
}
const wait = { interval: 5 };
const credentialFile = () => join(rig.workerDir, 'credential');

test('enrols with the token of the file, which is used up, and keeps the credential to itself', async () => {
  await start();
  await rig.ready();
  expect((await readFile(credentialFile(), 'utf8')).trim()).toBe('wk_1');
  expect((await stat(credentialFile())).mode & 0o777).toBe(0o600);
  expect((await stat(rig.workerDir)).mode & 0o777).toBe(0o700);
  expect(existsSync(rig.enrolmentFile)).toBe(false);
  expect(rig.logged.join('')).not.toMatch(/wk_1|we_good/);
});

test('enrols once for all its lives', async () => {
  await start();
  await rig.ready();
  await rig.stopWorker();
  await rig.startWorker();
  expect(rig.control.seen.enrolments).toBe(1);
});

test('waits for the enrolment file', async () => {
  await start({ enrolmentToken: undefined });
  await vi.waitFor(() => expect(rig.logged.join('')).toContain('waiting for an enrolment token'), wait);
  await writeFile(rig.enrolmentFile, `${goodToken}\n`);
  await rig.ready();
});

test('goes on trying while the control plane refuses the token', async () => {
  await start({ enrolmentToken: 'we_wrong' });
  await vi.waitFor(() => expect(rig.logged.join('')).toContain('refused to enrol'), wait);
  await writeFile(rig.enrolmentFile, goodToken);
  await rig.ready();
});

test('says hello first, then what it observes', async () => {
  await start();
  await rig.ready();
  await rig.makeReady('i-1');
  rig.control.messages.length = 0;
  rig.control.drop();
  await vi.waitFor(() => expect(rig.control.messages.length).toBeGreaterThan(1), wait);
  const dataUrl = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(rig.control.messages[0]).toEqual({
    ...{ type: 'hello', version: 1, driver: 'process', dataUrl },
    // In the words of container images.
    architecture: { x64: 'amd64', arm64: 'arm64' }[process.arch as string],
  });
  expect(rig.control.messages[1]).toMatchObject({ type: 'observed', instances: [{ instanceId: 'i-1' }], builds: [] });
});

test('tells its state again and again without a change', async () => {
  await start({ timings: { observeMs: 10 } });
  await rig.ready();
  const observed = () => rig.control.messages.filter(({ type }) => type === 'observed');
  const before = observed().length;
  await vi.waitFor(() => expect(observed().length).toBeGreaterThan(before + 3), wait);
});

test('dials again when the link breaks or the control plane is away', async () => {
  await start();
  await rig.ready();
  await rig.control.stop();
  await vi.waitFor(() => expect(rig.logged.join('')).toContain('ECONNREFUSED'), wait);
  const links = rig.control.links.length;
  await rig.control.start();
  await vi.waitFor(() => expect(rig.control.links.length).toBeGreaterThan(links), wait);
  expect(await rig.control.command({ do: 'ensure', spec: specOf('i-1') })).toMatchObject({ ok: true });
});

test('leaves a peer that has fallen silent', async () => {
  await start({ timings: { pingMs: 10, silenceMs: 50 } });
  await rig.ready();
  const link = rig.control.links.at(-1);
  const links = rig.control.links.length;
  // Takes nothing in and so answers no ping, as a peer that vanished.
  link?.pause();
  await vi.waitFor(() => expect(rig.control.links.length).toBeGreaterThan(links), wait);
});

test('stays with a peer that only answers pings', async () => {
  await start({ timings: { pingMs: 5, silenceMs: 500, observeMs: 60_000 } });
  await rig.ready();
  let pings = 0;
  rig.control.links.at(-1)?.on('ping', () => {
    pings++;
  });
  await vi.waitFor(() => expect(pings).toBeGreaterThan(150), wait);
  expect(rig.control.links).toHaveLength(1);
});

test('a refused credential is logged with the way out, and the worker enrols again once it can', async () => {
  await start();
  await rig.ready();
  rig.control.forgetCredentials();
  rig.control.drop();
  await vi.waitFor(() => expect(rig.logged.join('')).toContain('put it into the enrolment file'), wait);
  const links = rig.control.links.length;
  await writeFile(rig.enrolmentFile, goodToken);
  await vi.waitFor(() => expect(rig.control.links.length).toBeGreaterThan(links), wait);
  expect(rig.control.seen.enrolments).toBe(2);
  expect((await readFile(credentialFile(), 'utf8')).trim()).toBe('wk_2');
});

test('an unknown command is refused as unsupported', async () => {
  await start();
  await rig.ready();
  const answer = await rig.control.command({ do: 'dance' } as never);
  expect(answer).toMatchObject({ ok: false, refusal: 'unsupported' });
});

test('closed while it starts, it makes no file afterwards', async () => {
  for (let time = 0; time < 20; time++) {
    await start({ enrolmentToken: undefined });
    await rig.stopWorker();
    const left = await readdir(rig.workerDir).catch(() => []);
    await new Promise(setImmediate);
    expect(await readdir(rig.workerDir).catch(() => [])).toEqual(left);
    if (time < 19) await rig.close();
  }
});

test('closes while it waits for a control plane that never was there', async () => {
  await start({ enrolmentToken: undefined });
  await rig.control.stop();
  await rig.stopWorker();
  await rig.control.start();
});
