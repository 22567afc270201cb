import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { BuildOrder } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import type { BuildResult, ContextSource } from '../../drivers/builder.js';
import { DriverError } from '../../drivers/driver.js';
import { createKeyedQueue } from '../../drivers/process/keyed-queue.js';
import type { Engine } from '../../engine/engine.js';
import { isStatus } from '../../engine/engine-error.js';
import { makeFolder } from '../../files.js';
import { download } from '../download.js';
import { explainFailure } from './build-failure.js';
import { readBuildOutput } from './build-output.js';
import { buildRepository, openImageNames } from './image-names.js';
import { openSecretSession, type SecretSession } from './secret-session.js';

export interface ImageBuilderOptions {
  engine: Engine;
  installationId: string;
  /** The worker's folder; contexts lie in `build-contexts/` of it while they are built. One builder at a time. */
  directory: string;
  log: Pick<Logger, 'warn'>;
  /** After a build the engine's build cache is cut down to this many bytes; 0 leaves it alone. */
  cacheLimitBytes?: number;
  /** `registry`: `FROM` means what the registry has. `local`: an image of that name on the engine comes first, whoever pulled it. */
  baseImages?: 'registry' | 'local';
  /** Of a larger image the build's log warns. */
  largeImageBytes?: number;
  /** Names and values of proxies, for `RUN` steps; neither the image nor its history keeps them. */
  proxies?: Readonly<Record<string, string>>;
  /** False for an engine without BuildKit; by default the engine is asked. */
  buildKit?: boolean;
}

export type ImageBuilder = Awaited<ReturnType<typeof createImageBuilder>>;

interface Image {
  Id: string;
  Size: number;
  Os: string;
  Architecture: string;
  Config?: { Labels?: Record<string, string> | null } | null;
}

/** Not those of instances: a container that somebody else makes of such an image is no instance. */
const labels = {
  installation: 'pipecat-cloud.build.installation',
  build: 'pipecat-cloud.build.id',
  context: 'pipecat-cloud.build.context',
  dockerfile: 'pipecat-cloud.build.dockerfile',
};
const gib = 1024 ** 3;
/** From the request to call a build off to its end; BuildKit kills what runs at once. */
const endGraceMs = 10_000;
const pruneDeadlineMs = 300_000;

/**
 * Makes images out of build contexts in the engine that runs the instances: with BuildKit where it has that, by the classic builder elsewhere.
 * An image is there as a whole or not at all, since the engine names it last. Layers and cache mounts are shared within an organization
 * and with nobody else.
 */
export async function createImageBuilder(options: ImageBuilderOptions) {
  const { engine, installationId, directory, log } = options;
  const { cacheLimitBytes = 10 * gib, baseImages = 'registry', largeImageBytes = 2 * gib, proxies = {} } = options;
  const nameOf = await openImageNames(await makeFolder(directory));
  const drafts = join(directory, 'build-contexts');
  await rm(drafts, { recursive: true, force: true });
  const inTurn = createKeyedQueue();

  async function inspect(buildId: string): Promise<Image | undefined> {
    try {
      return await engine.request<Image>('GET', `/images/${nameOf(buildId)}/json`);
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }

  async function done(order: BuildOrder): Promise<Image | undefined> {
    const image = await inspect(order.buildId);
    const known = image?.Config?.Labels ?? {};
    const same = known[labels.context] === order.contextSha256 && known[labels.dockerfile] === order.dockerfilePath;
    return same ? image : undefined;
  }

  async function hasBuildKit(): Promise<boolean> {
    if (options.buildKit !== undefined) return options.buildKit;
    const { Components = [] } = await engine.version();
    // Podman answers as the classic builder does, whatever its own can do.
    return !Components.some(({ Name }) => /podman/i.test(Name));
  }

  /** Everything that the request says, apart from the context. */
  function queryOf(order: BuildOrder, session: SecretSession | undefined): Record<string, string | object> {
    const whose = `${installationId} ${order.organizationId}`;
    const organization = createHash('sha256').update(whose).digest('hex').slice(0, 16);
    return {
      t: nameOf(order.buildId),
      dockerfile: order.dockerfilePath,
      labels: {
        [labels.installation]: installationId,
        [labels.build]: order.buildId,
        [labels.context]: order.contextSha256,
        [labels.dockerfile]: order.dockerfilePath,
      },
      // Cache mounts are told apart by it: without, one organization could plant files in another's.
      buildargs: { ...proxies, BUILDKIT_CACHE_MOUNT_NS: organization },
      ...(baseImages === 'registry' ? { pull: '1' } : {}),
      ...(session
        ? {
            version: '2',
            session: session.id,
            buildid: order.buildId,
            // Part of what a step is found by in the cache: a step of another organization may hold what a secret has opened to it.
            extrahosts: `${organization}.pipecat-cloud.invalid:127.0.0.1`,
          }
        : { rm: '1', forcerm: '1' }),
    };
  }

  const callOff = (buildId: string) =>
    engine.request('POST', '/build/cancel', { query: { id: buildId } }).catch(() => undefined);

  async function run(order: BuildOrder, archive: string, onLine: (text: string) => void, signal: AbortSignal) {
    const session = (await hasBuildKit()) ? await openSecretSession(engine, order.secrets ?? {}, signal) : undefined;
    if (!session && Object.keys(order.secrets ?? {}).length > 0) throw noSecrets();
    const body = createReadStream(archive);
    let output: Readable | undefined;
    const end = () => {
      if (session) void callOff(order.buildId);
      // The classic builder ends with its request.
      const giveUp = setTimeout(() => output?.destroy(signal.reason), session ? endGraceMs : 0);
      giveUp.unref();
      output?.once('close', () => clearTimeout(giveUp));
    };
    try {
      // What an earlier worker was building when it ended; the engine calls that off by itself, a little later.
      if (session) await callOff(order.buildId);
      const headers = { 'content-type': 'application/x-tar' };
      output = await engine.stream('POST', '/build', { query: queryOf(order, session), body, headers });
      signal.addEventListener('abort', end, { once: true });
      if (signal.aborted) end();
      const failure = await readBuildOutput(output, onLine);
      signal.throwIfAborted();
      if (failure) throw explainFailure(failure, await platform());
    } catch (error) {
      signal.throwIfAborted();
      if (isStatus(error, 400, 500)) {
        const { message } = error as Error;
        throw explainFailure({ message, step: undefined, lastLine: undefined }, await platform());
      }
      throw error;
    } finally {
      signal.removeEventListener('abort', end);
      body.destroy();
      output?.destroy();
      session?.close();
    }
  }

  async function platform(): Promise<string> {
    const { Os, Arch } = await engine.version();
    return `${Os}/${Arch}`;
  }

  async function make(order: BuildOrder, context: ContextSource, onLine: (text: string) => void, signal: AbortSignal) {
    const archive = join(await makeFolder(drafts), randomUUID());
    try {
      await download(context, archive, order.contextSha256, signal);
      await run(order, archive, onLine, signal);
    } finally {
      await rm(archive, { force: true });
    }
    const image = await inspect(order.buildId);
    if (!image) throw new Error(`the engine has built ${order.buildId} and has no image of it`);
    const wanted = await platform();
    if (`${image.Os}/${image.Architecture}` !== wanted) {
      await removeImage(nameOf(order.buildId));
      throw wrongPlatform(`${image.Os}/${image.Architecture}`, wanted);
    }
    if (image.Size > largeImageBytes) onLine(largeImage(image.Size));
    await prune();
    return image;
  }

  /** The oldest first; what another build uses stays. */
  async function prune(): Promise<void> {
    if (cacheLimitBytes === 0) return;
    try {
      const query = { 'keep-storage': String(cacheLimitBytes), all: '1' };
      await engine.request('POST', '/build/prune', { query, deadlineMs: pruneDeadlineMs });
    } catch (err) {
      // 409: another build has begun to.
      if (!isStatus(err, 409)) log.warn({ err }, "the engine's build cache could not be cut down");
    }
  }

  async function removeImage(name: string): Promise<void> {
    try {
      await engine.request('DELETE', `/images/${name}`);
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
    }
  }

  /** Images of this installation's builds; with their names, since labels can be in any image. */
  async function list(filter: string): Promise<{ buildId: string; names: string[] }[]> {
    const filters = { label: [`${labels.installation}=${installationId}`, filter] };
    const found = await engine.request<{ RepoTags?: string[] | null; Labels?: Record<string, string> | null }[]>(
      'GET',
      '/images/json',
      { query: { filters } },
    );
    return found.flatMap(({ RepoTags, Labels }) => {
      const names = (RepoTags ?? []).filter((name) => name.startsWith(`${buildRepository}:`));
      return names.length > 0 ? [{ buildId: Labels?.[labels.build] ?? '', names }] : [];
    });
  }

  return {
    /** As `Builder` says. */
    async build(
      order: BuildOrder,
      context: ContextSource,
      onLine: (text: string) => void,
      signal: AbortSignal,
    ): Promise<BuildResult> {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(order.timeoutSeconds * 1000)]);
      return await inTurn(order.buildId, async () => {
        limited.throwIfAborted();
        const image = (await done(order)) ?? (await make(order, context, onLine, limited));
        return { imageSizeBytes: image.Size };
      });
    },
    /** Id of the image that a build made (`sha256:…`), undefined when there is none. */
    imageOf: async (buildId: string): Promise<string | undefined> => (await inspect(buildId))?.Id,
    /** As `Builder` says; throws `DriverError` while a container uses the image. */
    async forget(buildId: string): Promise<void> {
      await inTurn(buildId, async () => {
        for (const { names } of await list(`${labels.build}=${buildId}`)) {
          for (const name of names) {
            await removeImage(name).catch((error) => {
              throw isStatus(error, 409) ? inUse(buildId, error) : error;
            });
          }
        }
      });
    },
    /** Builds whose images are here. */
    kept: async (): Promise<string[]> => (await list(labels.build)).map(({ buildId }) => buildId),
  };
}

function noSecrets(): DriverError {
  return new DriverError(
    'PCC_UNKNOWN_ERROR',
    "Build secrets need BuildKit, and this worker's container engine builds without it. Build without a secret set, or run the worker beside Docker 20.10 or later.",
  );
}

function wrongPlatform(built: string, wanted: string): DriverError {
  return new DriverError(
    'PCC_INVALID_IMAGE_PLATFORM',
    `The image is for ${built}, and this worker runs ${wanted}. Start FROM an image for ${wanted}, without another --platform. (PCC_INVALID_IMAGE_PLATFORM)`,
  );
}

function inUse(buildId: string, cause: unknown): DriverError {
  return new DriverError('PCC_UNKNOWN_ERROR', `The image of build ${buildId} is in use`, { cause });
}

function largeImage(bytes: number): string {
  return `WARNING: The image has ${(bytes / gib).toFixed(1)} GiB. Every machine that runs the agent needs the space, and large images start late: leave build tools and caches out, for example by a second stage.`;
}
