import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createImageBuilder, type ImageBuilder, type ImageBuilderOptions } from '../builds/images/image-builder.js';
import type { Builder } from '../drivers/builder.js';
import { createEngine, type Engine } from '../engine/engine.js';
import type { BuilderUnderTest } from './contracts/builder.js';
import { runs } from './driver-tools.js';
import { contextOf } from './process-driver-setup.js';
import { testEngineUrl } from './test-images.js';

/** A program without libraries, so that RUN works in an image made FROM scratch. */
const busybox = process.env.PIPECAT_CLOUD_TEST_BUSYBOX ?? '/bin/busybox';

/** A Dockerfile that needs no registry, with these lines after the shell is there. */
export const fromScratch = (...lines: string[]) =>
  ['FROM scratch', 'COPY busybox /bin/busybox', 'COPY busybox /bin/sh', ...lines, ''].join('\n');

/** A context with a shell and this Dockerfile. */
export async function imageContext(dockerfile: string, files: Record<string, string> = {}): Promise<Buffer> {
  return await contextOf({ Dockerfile: dockerfile, ...files }, { busybox: await readFile(busybox) });
}

export type ImageSetup = Awaited<ReturnType<typeof createImageSetup>>;

/** An image builder on a folder and an installation of its own. `close` removes its images. */
export async function createImageSetup(change: Partial<ImageBuilderOptions> = {}, url = testEngineUrl ?? '') {
  const directory = await mkdtemp(join(tmpdir(), 'image-builder-'));
  const options = {
    installationId: `test-${randomUUID()}`,
    directory,
    log: pino({ level: 'silent' }),
    cacheLimitBytes: 0,
    ...change,
  };
  const engines: Engine[] = [];
  async function open(): Promise<ImageBuilder> {
    const engine = createEngine({ url });
    engines.push(engine);
    return await createImageBuilder({ ...options, engine });
  }
  let builder = await open();
  const engine = createEngine({ url: testEngineUrl ?? '' });
  return {
    engine,
    options,
    get builder(): ImageBuilder {
      return builder;
    },
    async crash(): Promise<ImageBuilder> {
      await engines.pop()?.close();
      builder = await open();
      return builder;
    },
    async close(): Promise<void> {
      for (const buildId of await builder.kept()) await builder.forget(buildId);
      await builder.close();
      await Promise.all([engine, ...engines].map((each) => each.close()));
      await rm(directory, { recursive: true });
    },
  };
}

const asBuilder = (builder: ImageBuilder): Builder => ({
  build: builder.build,
  forgetBuild: builder.forget,
  keptBuilds: builder.kept,
});

let prepared: ReturnType<typeof prepare> | undefined;

/** Once for all tests of a file: packing a shell takes its time. */
async function prepare() {
  // Something that no other process of the machine has among its arguments, and no step in the engine's cache.
  const mark = `3600.${Math.floor(Math.random() * 1e9)}`;
  const contexts = {
    works: await imageContext(fromScratch(`RUN : ${mark}; busybox printf 'it %s\\n' works`)),
    fails: await imageContext(fromScratch("RUN busybox printf 'about to %s\\n' fail; exit 3")),
    endless: await imageContext(fromScratch(`RUN echo begun; busybox sleep ${mark}`)),
    secret: await imageContext(
      fromScratch(
        `RUN --mount=type=secret,id=API_TOKEN : ${mark}; busybox cat /run/secrets/API_TOKEN && busybox touch /done`,
      ),
    ),
  };
  return { contexts, mark };
}

/** The image builder as `describeBuilder` wants it. */
export async function createImageBuilderUnderTest(): Promise<BuilderUnderTest> {
  const setup = await createImageSetup();
  const { engine } = setup;
  prepared ??= prepare();
  const { contexts, mark } = await prepared;
  return {
    builder: asBuilder(setup.builder),
    contexts,
    isUsable: async (buildId) => (await setup.builder.imageOf(buildId)) !== undefined,
    isRunning: () => runs(mark),
    async traces(buildId) {
      const id = await setup.builder.imageOf(buildId);
      const image = await engine.request('GET', `/images/${id}/json`);
      const history = await engine.request('GET', `/images/${id}/history`);
      const layers = await engine.stream('GET', `/images/${id}/get`);
      const chunks: Buffer[] = [];
      for await (const chunk of layers) chunks.push(chunk as Buffer);
      return JSON.stringify([image, history]) + Buffer.concat(chunks).toString('latin1');
    },
    crash: async () => asBuilder(await setup.crash()),
    close: setup.close,
  };
}
