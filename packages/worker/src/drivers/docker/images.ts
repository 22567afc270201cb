import { posix } from 'node:path';
import type { InstanceSpec } from '@pipecat-cloud/contract/worker';
import type { ImageBuilder } from '../../builds/images/image-builder.js';
import type { Engine } from '../../engine/engine.js';
import { isStatus } from '../../engine/engine-error.js';
import { isPodman } from '../../engine/version.js';
import { DriverError } from '../driver.js';
import { createKeyedQueue } from '../process/keyed-queue.js';
import type { ContainerImage } from './container.js';
import type { InspectedImage } from './engine-types.js';
import { type ImageReference, parseImage, plainName } from './image-reference.js';
import { askRegistry, pull } from './pull.js';
import type { PulledImages } from './pulled-images.js';

export interface ImagesDeps {
  engine: Engine;
  builder: Pick<ImageBuilder, 'imageOf'> | undefined;
  pullStallMs: number;
  pulled: Pick<PulledImages, 'during' | 'present' | 'pulled' | 'used'>;
}

/** Finds the image of an instance in the engine, or brings it there. */
export function createImages({ engine, builder, pullStallMs, pulled }: ImagesDeps) {
  const inTurn = createKeyedQueue();

  async function inspect(name: string): Promise<InspectedImage | undefined> {
    try {
      return await engine.request<InspectedImage>('GET', `/images/${name}/json`);
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }

  async function ofBuild(buildId: string): Promise<InspectedImage> {
    const id = await builder?.imageOf(buildId);
    const image = id === undefined ? undefined : await inspect(id);
    if (image) return image;
    throw new DriverError(
      'PCC_IMAGE_NOT_FOUND',
      `The image of build ${buildId} is not on this worker. Deploy from source again to have it built`,
    );
  }

  /**
   * What was resolved once is run by its digest, whatever its tag has become. `isPinned`: a worker told the digest itself. One that a
   * deployment names is asked for at its registry though it lies here, or whoever knows it could run another organization's image.
   */
  async function byDigest(request: Pulling, digest: string, isPinned: boolean): Promise<Resolved> {
    const reference: ImageReference = { registry: request.reference.registry, name: request.reference.name, digest };
    const pinned = `${reference.name}@${digest}`;
    // An image that was made here and never pushed has no digest of a registry; its own id stands for it.
    const pulling = { ...request, reference, stallMs: pullStallMs };
    // Podman can't ask a registry without pulling, and asks whenever it pulls.
    let before: ReadonlySet<string> | undefined;
    const bring = async () => {
      before ??= await pulled.present();
      await pull(engine, pulling);
    };
    if (!isPinned) await ((await onPodman()) ? bring() : askRegistry(engine, pulling));
    let image = (await inspect(pinned)) ?? (isPinned ? await inspect(digest) : undefined);
    if (!image) {
      await bring();
      image = await inspect(pinned);
    }
    if (!image) throw new Error(`${pinned} was pulled and is not there`);
    if (before) await pulled.pulled(before, { id: image.Id, name: reference.name, digest });
    return { image, digest };
  }

  /**
   * What the tag stands for now. An image that was made on this machine is taken as it is; any other name is asked for at its registry.
   */
  async function byTag(request: Pulling): Promise<Resolved> {
    const { name, tag } = request.reference;
    const found = await inspect(`${name}:${tag}`);
    if (found && (await isMadeHere(found, request.reference))) return { image: found, digest: found.Id };
    const before = await pulled.present();
    await pull(engine, { ...request, stallMs: pullStallMs });
    const image = await inspect(`${name}:${tag}`);
    if (!image) throw new Error(`${name}:${tag} was pulled and is not there`);
    const digest = (await digestOf(image, name)) ?? image.Id;
    await pulled.pulled(before, { id: image.Id, name, digest, tag });
    return { image, digest };
  }

  const onPodman = async () => isPodman(await engine.version());

  /**
   * No registry has told a digest for its name. Podman gives every image a digest, and calls what was made here `localhost/…`, which is the
   * name of no registry; it may be asked for without that.
   */
  async function isMadeHere(image: InspectedImage, { name, tag }: ImageReference): Promise<boolean> {
    if (!(await onPodman())) return digestsOf(image, name).length === 0;
    return image.RepoTags?.includes(`localhost/${name.replace(/^localhost\//, '')}:${tag}`) ?? false;
  }

  /** What the image is called by the registry of this name: the digest of a list of platforms where it came from one. */
  async function digestOf(image: InspectedImage, name: string): Promise<string | undefined> {
    const digests = digestsOf(image, name);
    if (digests.length < 2 || !(await onPodman())) return digests[0];
    // It tells that of the image within the list beside it.
    const { Digest } = await engine.request<{ Digest: string }>('GET', `/libpod/images/${image.Id}/json`);
    return digests.find((digest) => digest === Digest) ?? digests[0];
  }

  async function checkPlatform(image: InspectedImage, what: string): Promise<void> {
    const { Os, Arch } = await engine.version();
    if (image.Os === Os && image.Architecture === Arch) return;
    throw new DriverError(
      'PCC_INVALID_IMAGE_PLATFORM',
      `${what} is made for ${image.Os}/${image.Architecture}, and this worker runs ${Os}/${Arch}. Build it for ${Os}/${Arch}`,
    );
  }

  return {
    /** Throws `DriverError` with a documented image code (contract §2.1), or the signal's reason. */
    async resolve(spec: InstanceSpec, signal: AbortSignal): Promise<ContainerImage> {
      const { source, registry } = spec;
      if (source.type === 'build') {
        const image = await ofBuild(source.buildId);
        await checkPlatform(image, `The image of build ${source.buildId}`);
        return { id: image.Id, ...declared(image, `The image of build ${source.buildId}`) };
      }
      const reference = parseImage(source.image);
      if (!reference) {
        throw new DriverError('PCC_IMAGE_NOT_FOUND', `'${source.image}' is no name of an image: registry/name:tag is`);
      }
      const request = { image: source.image, reference, registry, signal };
      const digest = source.digest ?? reference.digest;
      // One after the other: those that come later find it there.
      const { image, digest: resolved } = await pulled.during(reference.name, () =>
        inTurn(source.image, async () => {
          signal.throwIfAborted();
          const found = await (digest === undefined
            ? byTag(request)
            : byDigest(request, digest, source.digest !== undefined));
          await pulled.used(found.image.Id);
          return found;
        }),
      );
      await checkPlatform(image, `The image '${source.image}'`);
      return { id: image.Id, digest: resolved, ...declared(image, `The image '${source.image}'`) };
    },
  };
}

/** What an image says of itself. Throws for one that hides its own program behind a volume. */
function declared({ Config }: InspectedImage, what: string): Pick<ContainerImage, 'labels' | 'volumes'> {
  const volumes = Object.keys(Config?.Volumes ?? {}).map((path) => posix.resolve('/', path));
  const program = posix.resolve('/', Config?.WorkingDir ?? '');
  const hidden = volumes.find((path) => path === '/' || program === path || program.startsWith(`${path}/`));
  if (hidden === undefined) return { labels: Config?.Labels ?? {}, volumes };
  throw new DriverError(
    'PCC_UNKNOWN_ERROR',
    `${what} declares VOLUME ${hidden}, where its program lies; volumes begin empty here. Take that line out of its Dockerfile`,
  );
}

interface Pulling {
  image: string;
  reference: ImageReference;
  registry: InstanceSpec['registry'];
  signal: AbortSignal;
}

interface Resolved {
  image: InspectedImage;
  digest: string;
}

/** What registries of this name called the image. */
function digestsOf({ RepoDigests }: InspectedImage, name: string): string[] {
  const told = (RepoDigests ?? []).map((text) => text.split('@'));
  return told.flatMap(([repository = '', digest]) =>
    digest && plainName(repository) === plainName(name) ? [digest] : [],
  );
}
