import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { BuildOrder } from '@pipecat-cloud/contract/worker';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BuilderUnavailable } from '../../drivers/builder.js';
import { DriverError } from '../../drivers/driver.js';
import { describeBuilder } from '../../testing/contracts/builder.js';
import { never, orderOf, runs } from '../../testing/driver-tools.js';
import { createEngineProxy } from '../../testing/engine-proxy.js';
import {
  createImageBuilderUnderTest,
  createImageSetup,
  fromScratch,
  type ImageSetup,
  imageContext,
} from '../../testing/image-builder-setup.js';
import { contextOf } from '../../testing/process-driver-setup.js';
import { onPodman, testEngineUrl } from '../../testing/test-images.js';

describe.skipIf(!testEngineUrl || onPodman)('images', () => {
  describeBuilder('images', createImageBuilderUnderTest);
});

describe.skipIf(!testEngineUrl)('the image builder', () => {
  let setup: ImageSetup;
  let lines: string[];
  beforeEach(() => {
    lines = [];
  });
  afterEach(() => setup.close());

  async function build(dockerfile: string, change: Partial<BuildOrder> = {}, files: Record<string, string> = {}) {
    const context = await imageContext(dockerfile, files);
    const order = orderOf(context, change);
    const result = await setup.builder.build(
      order,
      async () => Readable.from([context]),
      (text) => lines.push(text),
      never,
    );
    return { ...result, buildId: order.buildId };
  }
  const failure = async (dockerfile: string, change?: Partial<BuildOrder>) =>
    (await build(dockerfile, change).catch((error) => error)) as DriverError;
  const printed = (from = 0) => lines.slice(from).filter((line) => /^#\d+ \d+$/.test(line));

  test.skipIf(onPodman)('layers and cache mounts are shared within an organization and with no other', async () => {
    setup = await createImageSetup();
    const mark = randomUUID();
    const dockerfile = fromScratch(
      `RUN --mount=type=cache,target=/cache : ${mark}; echo x >> /cache/log; busybox wc -l < /cache/log`,
      'RUN busybox date +%s',
    );
    await build(dockerfile, { organizationId: 'acme' });
    expect(printed()[0]).toMatch(/ 1$/);
    let from = lines.length;
    await build(dockerfile, { organizationId: 'acme' });
    expect(printed(from)).toEqual([]);
    expect(lines.slice(from).filter((line) => line.endsWith(' CACHED')).length).toBeGreaterThanOrEqual(2);
    // Another step on the same mount, so that it runs.
    from = lines.length;
    await build(dockerfile.replace('echo x', 'echo y'), { organizationId: 'acme' });
    expect(printed(from)[0]).toMatch(/ 2$/);
    from = lines.length;
    await build(dockerfile, { organizationId: 'bolt' });
    expect(printed(from)).toHaveLength(2);
    expect(printed(from)[0]).toMatch(/ 1$/);
  });

  test('the name of an image can be made by this worker alone, and its labels say what it is', async () => {
    setup = await createImageSetup();
    const { buildId, imageSizeBytes } = await build(fromScratch('LABEL pipecat-cloud.build.id=other'));
    const id = await setup.builder.imageOf(buildId);
    const image = await setup.engine.request<{ RepoTags: string[]; Size: number; Config: { Labels: object } }>(
      'GET',
      `/images/${id}/json`,
    );
    expect(image.RepoTags).toEqual([expect.stringMatching(/^pipecat-cloud\.invalid\/build:[0-9a-f]{40}-b-/)]);
    expect(image.Config.Labels).toMatchObject({
      'pipecat-cloud.build.id': buildId,
      'pipecat-cloud.build.installation': setup.options.installationId,
    });
    expect(imageSizeBytes).toBe(image.Size);
    const other = await createImageSetup({ installationId: setup.options.installationId });
    expect(await other.builder.imageOf(buildId)).toBeUndefined();
    // An engine of several workers: what one has built, each can remove.
    expect(await other.builder.kept()).toEqual([buildId]);
    await other.close();
    expect(await setup.builder.kept()).toEqual([]);
  });

  test('images of another installation are neither told nor removed', async () => {
    setup = await createImageSetup();
    const { buildId } = await build(fromScratch());
    const other = await createImageSetup();
    expect(await other.builder.kept()).toEqual([]);
    await other.builder.forget(buildId);
    await other.close();
    expect(await setup.builder.imageOf(buildId)).toBeDefined();
  });

  test('an image that a container is made of is not removed', async () => {
    setup = await createImageSetup();
    const { buildId } = await build(fromScratch());
    const image = await setup.builder.imageOf(buildId);
    const { Id } = await setup.engine.request<{ Id: string }>('POST', '/containers/create', {
      body: { Image: image, Cmd: ['/bin/busybox', 'true'] },
    });
    const refused = await setup.builder.forget(buildId).catch((error) => error);
    await setup.engine.request('DELETE', `/containers/${Id}`);
    expect(refused).toBeInstanceOf(DriverError);
    await setup.builder.forget(buildId);
    expect(await setup.builder.imageOf(buildId)).toBeUndefined();
  });

  test('a large image is built with a warning', async () => {
    setup = await createImageSetup({ largeImageBytes: 1000 });
    await build(fromScratch());
    expect(lines.at(-1)).toMatch(/^WARNING: The image has 0\.0 GiB/);
  });

  test('the Dockerfile lies where the order says', async () => {
    setup = await createImageSetup();
    const order = { dockerfilePath: 'docker/bot.Dockerfile' };
    await build('FROM nowhere', order, { 'docker/bot.Dockerfile': fromScratch('ENV WHICH=second') });
    expect(lines.some((line) => line.includes('COPY busybox'))).toBe(true);
  });

  test.skipIf(onPodman)(
    'what a step made of a secret is found in the cache by its own organization alone',
    async () => {
      setup = await createImageSetup();
      const dockerfile = fromScratch(
        `RUN --mount=type=secret,id=NUMBER : ${randomUUID()}; busybox cat /run/secrets/NUMBER /dev/null || echo 0`,
      );
      await build(dockerfile, { organizationId: 'acme', secrets: { NUMBER: '4711\n' } });
      expect(printed()).toEqual([expect.stringMatching(/ 4711$/)]);
      let from = lines.length;
      await build(dockerfile, { organizationId: 'acme', secrets: { NUMBER: '4712\n' } });
      expect(printed(from)).toEqual([]);
      from = lines.length;
      await build(dockerfile, { organizationId: 'bolt' });
      expect(printed(from)).toEqual([expect.stringMatching(/ 0$/)]);
    },
  );

  test('an engine that goes away in the middle fails no build: it is for later', async () => {
    const proxy = await createEngineProxy(testEngineUrl ?? '');
    setup = await createImageSetup({}, proxy.url);
    const mark = `3600.${Math.floor(Math.random() * 1e9)}`;
    const endless = build(fromScratch(`RUN busybox sleep ${mark}`)).catch((error) => error);
    await vi.waitFor(async () => expect(await runs(mark)).toBe(true), { interval: 20 });
    proxy.leave();
    expect(await endless).toBeInstanceOf(BuilderUnavailable);
    expect(await build(fromScratch()).catch((error) => error)).toBeInstanceOf(BuilderUnavailable);
    proxy.comeBack();
    await build(fromScratch());
    await setup.close();
    await proxy.close();
    setup = await createImageSetup();
  });

  test.skipIf(onPodman)('FROM takes an image that lies on the engine only where that is allowed', async () => {
    setup = await createImageSetup();
    const name = `pulled-by-another-${randomUUID()}`;
    const { Arch } = await setup.engine.version();
    await setup.engine.request('POST', '/images/load', { body: await archiveOf(name, Arch) });
    expect((await failure(`FROM ${name}:1\n`)).code).toMatch(/^PCC_IMAGE_/);
    await setup.close();
    setup = await createImageSetup({ baseImages: 'local' });
    await build(`FROM ${name}:1\nENV A=b\n`);
    await setup.engine.request('DELETE', `/images/${name}:1`);
  });

  describe('says what to do', () => {
    test.each([
      [
        'a step that fails',
        fromScratch('RUN echo why; exit 7'),
        /Step .*RUN echo why; exit 7 failed with exit code 7.*log\. Its last line: why$/,
      ],
      [
        'a step for another kind of machine',
        fromScratch('COPY Dockerfile /bin/strange', 'RUN busybox chmod 755 /bin/strange', 'RUN ["/bin/strange"]'),
        /builds for linux\/.*PCC_INVALID_IMAGE_PLATFORM/,
      ],
      ['a file that is not there', fromScratch('COPY nowhere.txt /'), /COPY nowhere\.txt.*not in the build context/],
      [
        'an instruction that is none',
        fromScratch('RUNN echo'),
        /The Dockerfile can't be read: .*unknown instruction: "?RUNN/i,
      ],
      [
        'a secret that the build has not',
        fromScratch('RUN --mount=type=secret,id=MISSING,required true'),
        onPodman ? /needs BuildKit/ : /build secret MISSING/,
      ],
      [
        'a base image that can not be had',
        'FROM registry.invalid/team/base:1',
        /registry\.invalid\/team\/base:1 could not be pulled.*PCC_IMAGE_PULL_UNKNOWN_ERROR/,
      ],
    ])('of %s', async (_, dockerfile, expected) => {
      setup = await createImageSetup();
      const { message } = await failure(dockerfile);
      expect(message).toMatch(expected);
    });

    test.skipIf(onPodman)('of an image for another platform', async () => {
      setup = await createImageSetup({ baseImages: 'local' });
      const foreign = `foreign-${randomUUID()}`;
      await setup.engine.request('POST', '/images/load', { body: await archiveOf(foreign, 's390x') });
      const refused = await failure(`FROM --platform=linux/s390x ${foreign}:1\nENV A=b\n`);
      await setup.engine.request('DELETE', `/images/${foreign}:1`);
      expect(refused.code).toBe('PCC_INVALID_IMAGE_PLATFORM');
      expect(await setup.builder.kept()).toEqual([]);
    });

    test('of a Dockerfile that needs BuildKit, and of secrets, where the engine has none', async () => {
      setup = await createImageSetup({ buildKit: false });
      await build(fromScratch('RUN echo classic'));
      expect(lines).toContain('classic');
      expect((await failure(fromScratch('RUN --mount=type=cache,target=/c true'))).message).toContain('needs BuildKit');
      expect((await failure(fromScratch(), { secrets: { A: 'b' } })).message).toContain('Build secrets need BuildKit');
      expect((await failure(fromScratch('RUN exit 7'))).message).toContain('exit code 7');
    });
  });

  test('the build cache is cut down to its limit, also after a build that failed', async () => {
    setup = await createImageSetup({ cacheLimitBytes: 1 });
    const mark = randomUUID();
    const big = `RUN : ${mark}; busybox dd if=/dev/zero of=/big bs=1M count=8`;
    await failure(fromScratch(big, 'RUN exit 3'));
    const whenCut = () =>
      vi.waitFor(
        async () => {
          const { BuildCache } = await setup.engine.request<{ BuildCache: Cached[] | null }>('GET', '/system/df');
          // What images are made of stays; what only a later build could use goes.
          expect(BuildCache?.filter(({ InUse, Description }) => !InUse && Description.includes(mark)) ?? []).toEqual(
            [],
          );
        },
        { interval: 20 },
      );
    await whenCut();
    const { buildId } = await build(fromScratch(big));
    await whenCut();
    expect(await setup.builder.imageOf(buildId)).toBeDefined();
  });
});

interface Cached {
  InUse: boolean;
  Description: string;
}

/** What `docker save` would write of an image without files that is made for another kind of machine. */
async function archiveOf(name: string, architecture: string): Promise<Buffer> {
  const layer = Buffer.alloc(1024);
  const diffIds = [`sha256:${createHash('sha256').update(layer).digest('hex')}`];
  const config = { architecture, os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: diffIds } };
  const manifest = [{ Config: 'config.json', RepoTags: [`${name}:1`], Layers: ['layer.tar'] }];
  const files = { 'manifest.json': JSON.stringify(manifest), 'config.json': JSON.stringify(config) };
  return await contextOf(files, { 'layer.tar': layer });
}
