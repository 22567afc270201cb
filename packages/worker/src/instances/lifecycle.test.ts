import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DriverError, DriverUnavailable } from '../drivers/driver.js';
import { type Rig, specOf, startRig } from '../test-rig/rig.js';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
  await rig.ready();
});
afterEach(() => rig.close());

const ensure = (change = {}) => rig.control.command({ do: 'ensure', spec: specOf('i-1', change) });

test('an instance becomes ready, with the time it took, and is told at once', async () => {
  expect(await ensure()).toMatchObject({ ok: true });
  const ready = await rig.control.whenObserved('i-1', 'ready');
  expect(ready).toMatchObject({ instanceId: 'i-1', epoch: 0, startedMs: expect.any(Number) });
});

test('an answer of 404 is an answer: the instance is ready', async () => {
  rig.agents.defaults.readyz = 404;
  await ensure();
  await rig.control.whenObserved('i-1', 'ready');
});

test('an instance is starting while it answers 503, and ready afterwards', async () => {
  rig.agents.defaults.readyz = 503;
  await ensure();
  await rig.control.whenObserved('i-1', 'starting');
  rig.agents.of('i-1').readyz = 200;
  await rig.control.whenObserved('i-1', 'ready');
});

test('an idle instance that answers 503 is not offered until it answers again', async () => {
  await rig.makeReady('i-1');
  rig.agents.of('i-1').readyz = 503;
  await rig.control.whenObserved('i-1', 'starting');
  expect(await rig.activate({ instanceId: 'i-1' })).toMatchObject({ refusal: 'not_ready' });
  rig.agents.of('i-1').readyz = 200;
  await rig.control.whenObserved('i-1', 'ready');
});

test('a busy instance may answer 503: its session goes on', async () => {
  await rig.makeReady('i-1');
  await rig.activate({ instanceId: 'i-1' });
  const bot = await rig.bot('i-1');
  rig.agents.of('i-1').readyz = 503;
  const before = rig.control.messages.length;
  await vi.waitFor(() => expect(rig.control.messages.slice(before).length).toBeGreaterThan(3));
  expect(rig.control.instance('i-1')?.state).toBe('busy');
  bot.answer(200);
  expect((await rig.control.whenReported('session-ended'))[0]).toMatchObject({ reason: 'completed' });
  await rig.control.whenObserved('i-1', 'starting');
});

test('an instance that is not ready in time has failed, says its last lines without secrets, and is killed', async () => {
  await rig.close();
  rig = await startRig({
    wrapDriver: (driver) => ({
      ...driver,
      async ensure(spec, signal) {
        await driver.ensure(spec, signal);
        rig.world.print('i-1', 'first line\nmy key is super-secret-value and pk_0123456789abcdef\n');
      },
    }),
  });
  await rig.ready();
  rig.agents.defaults.readyz = 503;
  await ensure({ startTimeoutSeconds: 0.3, environment: { KEY: 'super-secret-value' } });
  const { error } = (await rig.control.whenObserved('i-1', 'failed')) ?? {};
  expect(error).toMatchObject({ code: 'PCC_UNKNOWN_ERROR' });
  expect(error?.message).toMatch(
    /answered within 0.3 s, but .* 503 .*first line\nmy key is (\[redacted\]|\*+) and (pk_\[redacted\]|\*+)/s,
  );
  await vi.waitFor(async () => expect((await rig.world.open().list())[0]?.state).toBe('exited'));
});

test('what a registry writes into its refusal does not show the pull secret', async () => {
  await rig.close();
  const refuse = async () => {
    throw new DriverError('PCC_IMAGE_PULL_UNKNOWN_ERROR', 'no such user ann with hush-hush-password');
  };
  rig = await startRig({ wrapDriver: (driver) => ({ ...driver, ensure: refuse }) });
  await rig.ready();
  await ensure({
    registry: { host: 'registry.test', credentials: Buffer.from('ann:hush-hush-password').toString('base64') },
  });
  const { error } = (await rig.control.whenObserved('i-1', 'failed')) ?? {};
  expect(error?.message).toContain('no such user ann');
  expect(error?.message).not.toContain('hush-hush');
});

test('what its image takes to come is not counted, and an engine that is away for a moment delays it', async () => {
  let lists = 0;
  await rig.close();
  rig = await startRig({
    wrapDriver: (driver) => ({
      ...driver,
      async ensure(spec, signal) {
        await delay(2_500);
        lists = 2;
        await driver.ensure(spec, signal);
      },
      async list() {
        if (lists-- > 0) throw new Error('the engine does not answer');
        return driver.list();
      },
    }),
  });
  await rig.ready();
  await ensure({ startTimeoutSeconds: 2 });
  await rig.control.whenObserved('i-1', 'ready');
});

test('an instance whose driver is away has not failed: it says what it waits for, and is made once that is back', async () => {
  let away = true;
  await rig.close();
  rig = await startRig({
    wrapDriver: (driver) => ({
      ...driver,
      async ensure(spec, signal) {
        if (away) throw new DriverUnavailable('The engine does not answer.');
        await driver.ensure(spec, signal);
      },
    }),
  });
  await rig.ready();
  await ensure();
  await vi.waitFor(() =>
    expect(rig.control.instance('i-1')).toMatchObject({ state: 'preparing', delayed: 'The engine does not answer.' }),
  );
  // One that is not wanted any more is given up meanwhile.
  await rig.control.command({ do: 'ensure', spec: specOf('i-2') });
  await vi.waitFor(() => expect(rig.control.instance('i-2')?.delayed).toBeDefined());
  await rig.control.command({ do: 'remove', instanceId: 'i-2', graceSeconds: 0 });
  await rig.control.whenObserved('i-2', undefined);
  away = false;
  expect((await rig.control.whenObserved('i-1', 'ready'))?.delayed).toBeUndefined();
  const told = rig.control.messages.flatMap((message) => (message.type === 'observed' ? message.instances : []));
  expect(told.filter(({ state }) => state === 'failed')).toEqual([]);
});

test('an instance that exits before it is ready has failed with its exit code and last lines', async () => {
  rig.agents.defaults.readyz = 503;
  await ensure();
  await rig.control.whenObserved('i-1', 'starting');
  rig.world.print('i-1', 'ModuleNotFoundError: no module named bot\n');
  rig.world.exit('i-1', 1);
  const { error } = (await rig.control.whenObserved('i-1', 'failed')) ?? {};
  expect(error?.message).toMatch(/exit code 1.*ModuleNotFoundError/s);
});

test('a failed instance has failed for the next worker too', async () => {
  rig.agents.defaults.readyz = 503;
  await ensure();
  await rig.control.whenObserved('i-1', 'starting');
  rig.world.exit('i-1', 1);
  const failed = await rig.control.whenObserved('i-1', 'failed');
  await rig.stopWorker();
  await rig.startWorker();
  expect(await rig.control.whenObserved('i-1', 'failed')).toEqual(failed);
});

test('an idle instance that answers nothing for its whole start timeout has failed; a busy one may be silent', async () => {
  await rig.close();
  rig = await startRig({ timings: { probeTimeoutMs: 200 } });
  await rig.ready();
  await rig.makeReady('i-1', { startTimeoutSeconds: 2 });
  await rig.makeReady('i-2', { startTimeoutSeconds: 2 });
  await rig.activate({ instanceId: 'i-2' });
  rig.agents.of('i-1').readyz = undefined;
  rig.agents.of('i-2').readyz = undefined;
  const { error } = (await rig.control.whenObserved('i-1', 'failed')) ?? {};
  expect(error?.message).toMatch(/has not answered on its port for 2 s/);
  expect(rig.control.instance('i-2')?.state).toBe('busy');
  (await rig.bot('i-2')).answer(200);
  expect((await rig.control.whenReported('session-ended'))[0]).toMatchObject({ reason: 'completed' });
});

test("what the driver can't make has failed with the driver's code and sentence", async () => {
  rig.world.failNextEnsure(new DriverError('PCC_IMAGE_NOT_FOUND', 'There is no such image.'));
  await ensure();
  const { error } = (await rig.control.whenObserved('i-1', 'failed')) ?? {};
  expect(error).toEqual({ code: 'PCC_IMAGE_NOT_FOUND', message: 'There is no such image.' });
  await rig.control.command({ do: 'remove', instanceId: 'i-1', graceSeconds: 0 });
  await rig.control.whenObserved('i-1', undefined);
});

test('an unexpected failure of the driver says nothing of the machine', async () => {
  rig.world.failNextEnsure(new Error('/home/someone/private'));
  await ensure();
  const { error } = (await rig.control.whenObserved('i-1', 'failed')) ?? {};
  expect(error?.message).not.toContain('private');
});

test('ensuring again leaves the instance alone', async () => {
  await rig.makeReady('i-1');
  await rig.activate({ instanceId: 'i-1' });
  await ensure();
  expect(rig.control.instance('i-1')?.state).toBe('busy');
  expect(await rig.world.open().list()).toHaveLength(1);
});

test('removing ends the instance and forgets it; again is no error', async () => {
  await rig.makeReady('i-1');
  const remove = { do: 'remove', instanceId: 'i-1', graceSeconds: 0 } as const;
  expect(await rig.control.command(remove)).toMatchObject({ ok: true });
  await rig.control.whenObserved('i-1', undefined);
  expect(await rig.control.command(remove)).toMatchObject({ ok: true });
  expect(await rig.world.open().list()).toEqual([]);
});

test('an idle instance that exits by itself is told with its exit code', async () => {
  await rig.makeReady('i-1');
  rig.world.exit('i-1', 9);
  expect((await rig.control.whenObserved('i-1', 'exited'))?.error?.message).toMatch(/exit code 9/);
  const [report] = await rig.control.whenReported('logs');
  expect(report?.lines).toMatchObject([
    { text: '[pipecat-cloud] The instance ended with exit code 9', level: 'ERROR' },
  ]);
  expect(report?.lines[0]).not.toHaveProperty('sessionId');
});

test('an id that is a path is refused', async () => {
  const answer = await rig.control.command({ do: 'ensure', spec: specOf('../i-1') });
  expect(answer).toMatchObject({ ok: false, refusal: 'failed' });
});

describe('a secret set that lies on this machine', () => {
  const put = async (text: string) => {
    await mkdir(rig.secretsDir, { recursive: true });
    await writeFile(join(rig.secretsDir, 'prod.env'), text, { mode: 0o600 });
  };
  const specs = () => rig.world.ensured;

  test('is added to the environment, and kept out of what is told', async () => {
    await put('A=super-secret-value\nB=from the file\n');
    await ensure({ referencedSecretSet: 'prod', environment: { B: 'of the order' } });
    await rig.control.whenObserved('i-1', 'ready');
    expect(specs().at(-1)?.environment).toEqual({ A: 'super-secret-value', B: 'of the order' });
    rig.world.print('i-1', 'my key is super-secret-value\n');
    const [report] = await rig.control.whenReported('logs');
    expect(JSON.stringify(report)).not.toContain('super-secret-value');
  });

  test('that is missing makes the instance fail, with the file to make', async () => {
    expect(await ensure({ referencedSecretSet: 'prod' })).toMatchObject({ ok: true });
    const failed = await rig.control.whenObserved('i-1', 'failed');
    expect(failed?.error?.message).toContain(join(rig.secretsDir, 'prod.env'));
    expect(specs()).toEqual([]);
  });

  test('is looked for when the control plane asks', async () => {
    const check = () => rig.control.command({ do: 'check-secret-set', name: 'prod' });
    expect(await check()).toMatchObject({ refusal: 'failed', message: expect.stringContaining('is not there') });
    await put('A=1\n');
    expect(await check()).toMatchObject({ ok: true });
  });
});
