import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DriverError, type DriverLogLine } from '../../drivers/driver.js';
import { type DriverUnderTest, isAnswering, never, readLines, specOf, whenAnswering } from '../driver-tools.js';

const textsOf = (lines: DriverLogLine[]) => lines.map(({ text }) => text);

/** What every driver promises. */
export function describeDriver(name: string, create: () => Promise<DriverUnderTest>): void {
  describe(`driver: ${name}`, () => {
    let under: DriverUnderTest;
    let { driver } = {} as DriverUnderTest;
    beforeEach(async () => {
      under = await create();
      ({ driver } = under);
    });
    afterEach(() => under.close());

    async function start(environment: Record<string, string> = {}) {
      const spec = specOf(under.buildId, environment);
      await driver.ensure(spec, never);
      return { instanceId: spec.instanceId, spec, address: await whenAnswering(driver, spec.instanceId) };
    }
    /** Has it write a line, and resolves with the line's end once it is there: what it said before is there by then, too. */
    async function endOfFirstWords(instance: { instanceId: string; address: string }): Promise<number> {
      await under.print(instance, Buffer.from('from here on\n'));
      for await (const { text, position } of driver.logs(instance.instanceId, 0, AbortSignal.timeout(60_000)))
        if (text === 'from here on') return position;
      throw new Error('It has not said it');
    }
    const seen = async (instanceId: string) =>
      (await driver.list()).find((instance) => instance.instanceId === instanceId);

    test('works here', () => driver.check());

    test('ensuring the same instance twice, also at once, leaves one instance', async () => {
      const spec = specOf(under.buildId, { SECRET: 'very-secret' });
      await Promise.all([driver.ensure(spec, never), driver.ensure(spec, never)]);
      await driver.ensure(spec, never);
      const { instanceId, organizationId, agentId, agentName, deploymentId } = spec;
      const labels = { instanceId, organizationId, agentId, agentName, deploymentId };
      const address = await whenAnswering(driver, instanceId);
      expect(await driver.list()).toEqual([{ instanceId, state: 'running', address, labels }]);
    });

    test('an ensure that was called off makes nothing', async () => {
      await expect(driver.ensure(specOf(under.buildId), AbortSignal.abort(new Error('off')))).rejects.toThrow('off');
      expect(await driver.list()).toEqual([]);
    });

    test('an instance of an unknown build is refused and not listed', async () => {
      const refusal = await driver.ensure(specOf('b-unknown'), never).catch((error) => error);
      expect(refusal).toBeInstanceOf(DriverError);
      expect(refusal.code).toBe('PCC_IMAGE_NOT_FOUND');
      expect(await driver.list()).toEqual([]);
    });

    test('an exited instance is reported once, stays listed, and is not made again', async () => {
      const exits: string[] = [];
      driver.onExit((id) => exits.push(id));
      const instance = await start();
      await under.exit(instance, 3);
      await vi.waitFor(() => expect(exits).toEqual([instance.instanceId]));
      await driver.ensure(instance.spec, never);
      expect(await seen(instance.instanceId)).toMatchObject({ state: 'exited', exit: { code: 3, signal: null } });
      expect((await seen(instance.instanceId))?.address).toBeUndefined();
      await driver.remove(instance.instanceId, { graceSeconds: 0 });
      expect(exits).toEqual([instance.instanceId]);
    });

    test('a removed instance answers no more and is forgotten; removing it again is no error', async () => {
      const { instanceId, address } = await start();
      await driver.remove(instanceId, { graceSeconds: 600 });
      expect(await isAnswering(address)).toBe(false);
      expect(await driver.list()).toEqual([]);
      await driver.remove(instanceId, { graceSeconds: 600 });
    });

    test('a killed instance stays listed with its output', async () => {
      const instance = await start();
      await under.print(instance, Buffer.from('last words\n'));
      await driver.kill(instance.instanceId, { graceSeconds: 600 });
      await driver.kill(instance.instanceId, { graceSeconds: 600 });
      expect((await seen(instance.instanceId))?.state).toBe('exited');
      expect(textsOf(await readLines(driver, instance.instanceId, 0, 9))).toContain('last words');
    });

    test('an instance that does not heed SIGTERM is ended by force after the grace', async () => {
      const { instanceId } = await start({ STUBBORN: '1' });
      const killed = driver.kill(instanceId, { graceSeconds: 3 });
      expect((await seen(instanceId))?.state).toBe('running');
      await killed;
      expect((await seen(instanceId))?.exit).toMatchObject({ code: null, signal: 'SIGKILL' });
    });

    test('a clock that is set back gives it no hour more', async () => {
      const { instanceId } = await start({ STUBBORN: '1' });
      const killed = driver.kill(instanceId, { graceSeconds: 1 });
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 });
      try {
        await killed;
      } finally {
        vi.useRealTimers();
      }
      expect((await seen(instanceId))?.state).toBe('exited');
    });

    test('a later, shorter grace counts', async () => {
      const { instanceId } = await start({ STUBBORN: '1' });
      const killed = driver.kill(instanceId, { graceSeconds: 600 });
      await driver.remove(instanceId, { graceSeconds: 0 });
      await killed;
      expect(await driver.list()).toEqual([]);
    });

    test('a new driver finds the instances of the one before, reports their exit once and can end them', async () => {
      const [first, second] = [await start(), await start()];
      driver = await under.restart();
      const exits: string[] = [];
      driver.onExit((id) => exits.push(id));
      expect((await driver.list()).map(({ instanceId }) => instanceId).sort()).toEqual(
        [first.instanceId, second.instanceId].sort(),
      );
      expect(await seen(first.instanceId)).toMatchObject({ state: 'running', address: first.address });
      await driver.ensure(first.spec, never);
      expect(await whenAnswering(driver, first.instanceId)).toBe(first.address);
      await under.exit(first, 0);
      await vi.waitFor(() => expect(exits).toEqual([first.instanceId]));
      await driver.list();
      await driver.remove(second.instanceId, { graceSeconds: 600 });
      expect(await isAnswering(second.address)).toBe(false);
      expect(exits.filter((id) => id === first.instanceId)).toHaveLength(1);
    });

    test('an instance that exited between two drivers is listed as exited', async () => {
      const instance = await start();
      const restarted = under.restart();
      await under.exit(instance, 0);
      driver = await restarted;
      await vi.waitFor(async () => expect((await seen(instance.instanceId))?.state).toBe('exited'));
      expect((await seen(instance.instanceId))?.labels.agentName).toBe('bot');
    });

    test('logs are whole lines from a position on, also by a new driver, and follow what is written', async () => {
      const instance = await start();
      const from = await endOfFirstWords(instance);
      await under.print(instance, Buffer.from('one\ntwo\r\nhal'));
      const [one, two] = await readLines(driver, instance.instanceId, from, 2);
      expect(one).toMatchObject({ text: 'one', position: from + 4 });
      expect(two).toMatchObject({ text: 'two', position: from + 9 });

      driver = await under.restart();
      const following = readLines(driver, instance.instanceId, from + 4, 3);
      await under.print(instance, Buffer.from('f\nafter\n'));
      expect(textsOf(await following)).toEqual(['two', 'half', 'after']);
      expect(await driver.logEnd(instance.instanceId)).toBe(from + 20);
    });

    test('logs end with the instance, the line without a newline included', async () => {
      const instance = await start();
      const from = await endOfFirstWords(instance);
      const lines = readLines(driver, instance.instanceId, from, 9);
      await under.print(instance, Buffer.from('a\nb'));
      await under.exit(instance, 1);
      expect(textsOf(await lines)).toEqual(['a', 'b']);
      expect(await readLines(driver, 'i-unknown', 0, 1)).toEqual([]);
    });

    test('logs end when called off', async () => {
      const instance = await start();
      const { instanceId } = instance;
      const from = await endOfFirstWords(instance);
      const lines: string[] = [];
      for await (const { text } of driver.logs(instanceId, from, AbortSignal.timeout(50))) lines.push(text);
      expect(lines).toEqual([]);
    });

    test('overlong lines come in pieces and bytes that are no text are replaced', async () => {
      const instance = await start();
      const from = await endOfFirstWords(instance);
      await under.print(instance, Buffer.from(`${'ä'.repeat(10_000)}\n`));
      await under.print(instance, Buffer.from([0x61, 0xff, 0x62, 0x0a]));
      const lines = await readLines(driver, instance.instanceId, from, 3);
      expect(textsOf(lines)).toEqual(['ä'.repeat(8192), 'ä'.repeat(1808), 'a\ufffdb']);
      expect(lines.map(({ goesOn }) => goesOn === true)).toEqual([true, false, false]);
      const [piece] = lines;
      expect(textsOf(await readLines(driver, instance.instanceId, piece?.position ?? 0, 1))).toEqual([
        'ä'.repeat(1808),
      ]);
    });

    test('masked bytes are gone from the output, and every other line keeps its position', async () => {
      const instance = await start();
      const { instanceId } = instance;
      const from = await endOfFirstWords(instance);
      await under.print(instance, Buffer.from('one\nmy secret\n'));
      const [one, two] = await readLines(driver, instanceId, from, 2);
      const range = { from: one?.position ?? 0, to: two?.position ?? 0 };
      await driver.maskOutput(instanceId, range, (bytes) => {
        expect(bytes.toString()).toBe('my secret\n');
        return Buffer.from('my ******\n');
      });
      await under.print(instance, Buffer.from('three\n'));
      expect(textsOf(await readLines(driver, instanceId, from, 3))).toEqual(['one', 'my ******', 'three']);
    });

    test('the secrets that an instance was started with are told, also to a new driver, and nothing of the platform', async () => {
      const { instanceId } = await start({ API_KEY: 'as-it-was-then' });
      driver = await under.restart();
      expect(await driver.secrets(instanceId)).toEqual({ API_KEY: 'as-it-was-then' });
      expect(await driver.secrets('i-unknown')).toEqual({});
    });

    test('usage is known of what runs', async () => {
      const { instanceId } = await start();
      expect((await driver.usage(instanceId))?.memoryBytes).toBeGreaterThan(0);
      await driver.kill(instanceId, { graceSeconds: 0 });
      expect(await driver.usage(instanceId)).toBeUndefined();
      expect(await driver.usage('i-unknown')).toBeUndefined();
    });
  });
}
