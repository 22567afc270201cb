import { Readable } from 'node:stream';
import type { BuildOrder } from '@pipecat-cloud/contract/worker';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Builder } from '../../drivers/builder.js';
import { DriverError } from '../../drivers/driver.js';
import { never, orderOf } from '../driver-tools.js';

/** A builder with what its tests need beside it. */
export interface BuilderUnderTest {
  builder: Builder;
  contexts: {
    /** Its one step prints `it works`. */
    works: Buffer;
    /** Its step prints `about to fail` and ends with exit code 3. */
    fails: Buffer;
    /** Its step prints `begun` and goes on for longer than any test. */
    endless: Buffer;
    /** Its step prints the value of the secret API_TOKEN. */
    secret: Buffer;
  };
  /** Whether instances can be started from a build. */
  isUsable(buildId: string): Promise<boolean>;
  /** Whether a step of `contexts.endless` still runs. */
  isRunning(): Promise<boolean>;
  /** Everything that a build left behind, as text: files, images and their history. */
  traces(buildId: string): Promise<string>;
  /** As after `kill -9` of the worker: nothing is let go of, and a new builder begins on what is there. */
  crash(): Promise<Builder>;
  /** Removes everything. */
  close(): Promise<void>;
}

const wait = { interval: 20 };

/** What every builder promises. */
export function describeBuilder(name: string, create: () => Promise<BuilderUnderTest>): void {
  describe(`builder: ${name}`, () => {
    let under: BuilderUnderTest;
    let builder: Builder;
    let lines: string[];
    let opened: number;
    beforeEach(async () => {
      under = await create();
      builder = under.builder;
      lines = [];
      opened = 0;
    });
    afterEach(() => under.close());

    function build(order: BuildOrder, context: Buffer, signal = never) {
      const source = async () => {
        opened++;
        return Readable.from([context]);
      };
      return builder.build(order, source, (text) => lines.push(text), signal);
    }
    const said = (text: string) => lines.some((line) => line.includes(text));

    test('a build is made once, also by a later builder', async () => {
      const order = orderOf(under.contexts.works);
      const made = await build(order, under.contexts.works);
      expect(said('it works')).toBe(true);
      expect(await under.isUsable(order.buildId)).toBe(true);
      const before = [...lines];
      expect(await build(order, under.contexts.works)).toEqual(made);
      builder = await under.crash();
      expect(await build(order, under.contexts.works)).toEqual(made);
      expect(opened).toBe(1);
      expect(lines).toEqual(before);
    });

    test('the same build asked for twice at once is made once', async () => {
      const order = orderOf(under.contexts.works);
      await Promise.all([build(order, under.contexts.works), build(order, under.contexts.works)]);
      expect(opened).toBe(1);
    });

    test.each([
      ['a wrong checksum', (context: Buffer) => Buffer.concat([context, Buffer.from('x')])],
      ['a truncated context', (context: Buffer) => context.subarray(0, context.length / 2)],
    ])('%s fails the build, which can be repeated', async (_, damaged) => {
      const order = orderOf(under.contexts.works);
      await expect(build(order, damaged(under.contexts.works))).rejects.toBeInstanceOf(DriverError);
      expect(await under.isUsable(order.buildId)).toBe(false);
      await build(order, under.contexts.works);
      expect(await under.isUsable(order.buildId)).toBe(true);
    });

    test('a failing step fails the build with its exit code, and its output is there', async () => {
      const order = orderOf(under.contexts.fails);
      const failure = await build(order, under.contexts.fails).catch((error) => error);
      expect(failure).toBeInstanceOf(DriverError);
      expect(failure.message).toContain('exit code 3');
      expect(said('about to fail')).toBe(true);
      expect(await under.isUsable(order.buildId)).toBe(false);
    });

    test('lines come while it runs; called off, it ends with the reason, and nothing of it runs any more', async () => {
      const order = orderOf(under.contexts.endless);
      const off = new AbortController();
      const building = build(order, under.contexts.endless, off.signal).catch((error) => error);
      await vi.waitFor(() => expect(said('begun')).toBe(true), wait);
      await vi.waitFor(async () => expect(await under.isRunning()).toBe(true), wait);
      off.abort(new Error('called off'));
      expect((await building).message).toBe('called off');
      expect(await under.isRunning()).toBe(false);
      expect(await under.isUsable(order.buildId)).toBe(false);
    });

    test('a build that takes too long is ended', async () => {
      const order = orderOf(under.contexts.endless, { timeoutSeconds: 1 });
      const failure = await build(order, under.contexts.endless).catch((error) => error);
      expect(failure.name).toBe('TimeoutError');
      expect(await under.isRunning()).toBe(false);
    });

    test('what the worker was building when it was killed runs no more when it is built again, and is then whole', async () => {
      const order = orderOf(under.contexts.endless, { timeoutSeconds: 600 });
      build(order, under.contexts.endless).catch(() => undefined);
      await vi.waitFor(async () => expect(await under.isRunning()).toBe(true), wait);
      builder = await under.crash();
      expect(await under.isUsable(order.buildId)).toBe(false);
      const again = { ...orderOf(under.contexts.works), buildId: order.buildId };
      await build(again, under.contexts.works);
      await vi.waitFor(async () => expect(await under.isRunning()).toBe(false), wait);
      expect(await under.isUsable(order.buildId)).toBe(true);
    });

    test('secrets reach the steps and nothing that stays', async () => {
      const secret = `secret-${crypto.randomUUID()}`;
      const order = orderOf(under.contexts.secret, { secrets: { API_TOKEN: secret, OTHER: 'x' } });
      await build(order, under.contexts.secret);
      expect(said(secret)).toBe(true);
      const left = await under.traces(order.buildId);
      expect(left).toContain('API_TOKEN');
      expect(left).not.toContain(secret);
    });

    test('a secret that is longer than a line is told whole, so that it can be found', async () => {
      const secret = Array.from({ length: 600 }, () => crypto.randomUUID()).join('');
      const order = orderOf(under.contexts.secret, { secrets: { API_TOKEN: secret } });
      await build(order, under.contexts.secret);
      expect(said(secret)).toBe(true);
    });

    test('what is kept is told, and forgotten builds start nothing more', async () => {
      const order = orderOf(under.contexts.works);
      await build(order, under.contexts.works);
      builder = await under.crash();
      expect(await builder.keptBuilds()).toContain(order.buildId);
      await builder.forgetBuild(order.buildId);
      await builder.forgetBuild(order.buildId);
      expect(await builder.keptBuilds()).not.toContain(order.buildId);
      expect(await under.isUsable(order.buildId)).toBe(false);
    });
  });
}
