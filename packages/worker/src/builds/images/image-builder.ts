import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildOrder } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import type { BuildResult, ContextSource } from '../../drivers/builder.js';
import { DriverError } from '../../drivers/driver.js';
import { createKeyedQueue } from '../../drivers/process/keyed-queue.js';
import { isEngineAway, isStatus } from '../../engine/engine-error.js';
import { makeFolder } from '../../files.js';
import { download } from '../download.js';
import { createBuildCache } from './build-cache.js';
import { brokenOff, createEngineBuilds, type EngineBuildsOptions, labels } from './engine-builds.js';
import { buildRepository, openImageNames } from './image-names.js';

export interface ImageBuilderOptions extends EngineBuildsOptions {
  /** The worker's folder; contexts lie in `build-contexts/` of it while they are built. One builder at a time. */
  directory: string;
  log: Pick<Logger, 'warn'>;
  /** After a build the engine's build cache is cut down to this many bytes; 0 leaves it alone. */
  cacheLimitBytes?: number;
  /** Of a larger image the build's log warns. */
  largeImageBytes?: number;
}

export type ImageBuilder = Awaited<ReturnType<typeof createImageBuilder>>;

interface Image {
  Id: string;
  Size: number;
  Os: string;
  Architecture: string;
  Config?: { Labels?: Record<string, string> | null } | null;
}

const gib = 1024 ** 3;
/** A build that has ended waits no longer than this for an engine that hangs. */
const removalMs = 5_000;

/**
 * Makes images out of build contexts in the engine that runs the instances: with BuildKit where it has that, by the classic builder elsewhere.
 * An image is there as a whole or not at all, since the engine names it last. Layers and cache mounts are shared within an organization
 * and with nobody else.
 */
export async function createImageBuilder(options: ImageBuilderOptions) {
  const { engine, installationId, directory, log } = options;
  const { cacheLimitBytes = 10 * gib, largeImageBytes = 2 * gib } = options;
  const builds = createEngineBuilds(options);
  const nameOf = await openImageNames(await makeFolder(directory));
  const drafts = join(directory, 'build-contexts');
  await rm(drafts, { recursive: true, force: true });
  const inTurn = createKeyedQueue();
  const cache = createBuildCache({ engine, limitBytes: cacheLimitBytes, log });

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

  async function whileThere<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw isEngineAway(error) ? brokenOff(error) : error;
    }
  }

  async function make(order: BuildOrder, context: ContextSource, onLine: (text: string) => void, signal: AbortSignal) {
    const archive = join(await makeFolder(drafts), randomUUID());
    try {
      await download(context, archive, order.contextSha256, signal);
      await builds
        .run(nameOf(order.buildId), order, archive, onLine, signal)
        .catch(async (error: unknown) => {
          // The engine may have been through with it before a registry said no.
          await removeImage(nameOf(order.buildId), removalMs).catch(() => undefined);
          throw error;
        })
        // One that failed has filled it as well.
        .finally(cache.cut);
    } finally {
      await rm(archive, { force: true });
    }
    const image = await inspect(order.buildId);
    if (!image) throw brokenOff(`the engine has built ${order.buildId} and has no image of it`);
    const wanted = await builds.platform();
    if (`${image.Os}/${image.Architecture}` !== wanted) {
      await removeImage(nameOf(order.buildId));
      throw wrongPlatform(`${image.Os}/${image.Architecture}`, wanted);
    }
    if (image.Size > largeImageBytes) onLine(largeImage(image.Size));
    return image;
  }

  async function removeImage(name: string, deadlineMs?: number): Promise<void> {
    try {
      await engine.request('DELETE', `/images/${name}`, deadlineMs === undefined ? {} : { deadlineMs });
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
    }
  }

  /** Images of this installation's builds; with their names, since labels can be in any image. */
  async function list(): Promise<{ buildId: string; names: string[] }[]> {
    // Podman finds nothing by two labels.
    const filters = { label: [`${labels.installation}=${installationId}`] };
    const found = await engine.request<{ RepoTags?: string[] | null; Labels?: Record<string, string> | null }[]>(
      'GET',
      '/images/json',
      { query: { filters } },
    );
    return found.flatMap(({ RepoTags, Labels }) => {
      const names = (RepoTags ?? []).filter((name) => name.startsWith(`${buildRepository}:`));
      const buildId = Labels?.[labels.build];
      return buildId && names.length > 0 ? [{ buildId, names }] : [];
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
        const image = (await whileThere(() => done(order))) ?? (await make(order, context, onLine, limited));
        return { imageSizeBytes: image.Size };
      });
    },
    /** Id of the image that a build made (`sha256:…`), undefined when there is none. */
    imageOf: async (buildId: string): Promise<string | undefined> => (await inspect(buildId))?.Id,
    /** As `Builder` says; throws `DriverError` while a container uses the image. */
    async forget(buildId: string): Promise<void> {
      await inTurn(buildId, async () => {
        const found = await list();
        for (const { names } of found.filter((image) => image.buildId === buildId)) {
          for (const name of names) {
            await removeImage(name).catch((error) => {
              throw isStatus(error, 409) ? inUse(buildId, error) : error;
            });
          }
        }
      });
    },
    /** Builds whose images are here. */
    kept: async (): Promise<string[]> => (await list()).map(({ buildId }) => buildId),
    /** Lets go of what goes on beside builds. */
    close: cache.close,
  };
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
