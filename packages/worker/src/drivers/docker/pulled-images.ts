import { join } from 'node:path';
import type { PulledImage } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import type { Engine } from '../../engine/engine.js';
import { isStatus } from '../../engine/engine-error.js';
import { makeFolder, readIfThere, replaceFile } from '../../files.js';
import { createWriteQueue } from '../../write-queue.js';
import { DriverError } from '../driver.js';
import { createKeyedQueue } from '../process/keyed-queue.js';
import type { InspectedImage } from './engine-types.js';
import { plainName } from './image-reference.js';

interface PulledImagesOptions {
  engine: Engine;
  /** The worker's folder: `pulled-images.json` in it outlives the worker. */
  directory: string;
  /** An image stays for so long without an instance; undefined: for good. */
  unusedMs: number | undefined;
  log: Logger;
}

/** One that this worker pulled, by each name that it pulled it by. */
interface Noted extends PulledImage {
  id: string;
  tags: string[];
  usedAt: string;
}

/** By a tag, unless it was pulled by its digest. */
type Pulled = PulledImage & { id: string; tag?: string | undefined };

export type PulledImages = Awaited<ReturnType<typeof openPulledImages>>;

/** Use is written down no more often than this: a start must not wait for the disk. */
const noteUseMs = 60 * 60_000;

/**
 * Which images of the engine this worker has pulled itself: only those are ever removed, by the names that it gave them and never by force.
 * What was there before a pull, under whatever name, is somebody else's.
 */
export async function openPulledImages({ engine, directory, unusedMs, log }: PulledImagesOptions) {
  const path = join(await makeFolder(directory), 'pulled-images.json');
  const noted = new Map<string, Noted>();
  for (const one of await read()) noted.set(keyOf(one), one);
  /** Repositories that a start is about at this moment, and how many of them. */
  const busy = new Map<string, number>();
  /** By repository: starts begin, and images are removed, one after the other. */
  const inTurn = createKeyedQueue();
  /** What pulls found there before. One of those under way may prove to have brought it. */
  const found: Pulled[] = [];
  const writes = createWriteQueue();

  async function read(): Promise<Noted[]> {
    try {
      return JSON.parse((await readIfThere(path)) ?? '[]') as Noted[];
    } catch (err) {
      log.warn({ err, path }, 'which images were pulled here can not be read: those from before now stay');
      return [];
    }
  }

  const save = () =>
    writes
      .inTurn(path, () => replaceFile(path, JSON.stringify([...noted.values()]), { durable: false }))
      .catch((err) => log.warn({ err, path }, 'which images were pulled here could not be written down'));

  async function used(one: Noted): Promise<void> {
    const before = Date.parse(one.usedAt);
    one.usedAt = new Date().toISOString();
    if (Date.now() - before > noteUseMs) await save();
  }

  function note(image: Pulled): void {
    const { id, name, digest, tag } = image;
    const tags = noted.get(keyOf(image))?.tags ?? [];
    const all = tag === undefined || tags.includes(tag) ? tags : [...tags, tag];
    noted.set(keyOf(image), { name, digest, id, tags: all, usedAt: new Date().toISOString() });
  }

  function leave(repository: string): void {
    const left = (busy.get(repository) ?? 1) - 1;
    if (left > 0) busy.set(repository, left);
    else busy.delete(repository);
    if (busy.size === 0) found.length = 0;
  }

  const isUnused = ({ usedAt }: Noted) => unusedMs !== undefined && Date.now() - Date.parse(usedAt) >= unusedMs;

  /** Ids of images that any container has, also one of somebody else that has ended. */
  async function inContainers(): Promise<Set<string>> {
    const all = await engine.request<{ ImageID: string }[]>('GET', '/containers/json', { query: { all: true } });
    return new Set(all.map(({ ImageID }) => plainId(ImageID)));
  }

  /** Whether the tag stands for this very image, and not for what was pulled or built later. */
  async function isTagged({ name, id }: Noted, tag: string): Promise<boolean> {
    try {
      return (await engine.request<InspectedImage>('GET', `/images/${name}:${tag}/json`)).Id === id;
    } catch (error) {
      if (isStatus(error, 404)) return false;
      throw error;
    }
  }

  async function remove(reference: string): Promise<void> {
    try {
      await engine.request('DELETE', `/images/${reference}`);
    } catch (error) {
      if (isStatus(error, 409)) throw inUse(reference, error);
      if (!isStatus(error, 404)) throw error;
    }
  }

  async function forget(image: PulledImage): Promise<void> {
    const one = noted.get(keyOf(image));
    if (!one) return;
    const { name, digest } = one;
    const taken = await inContainers();
    if (busy.has(plainName(name)) || taken.has(plainId(one.id)) || !isUnused(one)) throw inUse(`${name}@${digest}`);
    const tags: string[] = [];
    for (const tag of one.tags) if (await isTagged(one, tag)) tags.push(tag);
    for (const tag of tags) await remove(`${name}:${tag}`);
    await remove(`${name}@${digest}`);
    noted.delete(keyOf(one));
    await save();
    log.info(
      { image: `${name}@${digest}`, tags },
      'an image that was pulled here and that nothing needs any more was removed',
    );
  }

  return {
    /** Nothing of the repository is removed while this is under way; it begins once a removal is through. */
    async during<T>(name: string, work: () => Promise<T>): Promise<T> {
      const repository = plainName(name);
      await inTurn(repository, async () => busy.set(repository, (busy.get(repository) ?? 0) + 1));
      try {
        return await work();
      } finally {
        leave(repository);
      }
    },

    /** Ids of all images, to tell after a pull what has come by it. */
    async present(): Promise<ReadonlySet<string>> {
      const all = await engine.request<{ Id: string }[]>('GET', '/images/json', { query: { all: true } });
      return new Set(all.map(({ Id }) => Id));
    },

    /**
     * To be called within `during`: notes what a pull has brought, with the names that others gave it meanwhile; nothing where the image was
     * there `before` and is not ours.
     */
    async pulled(before: ReadonlySet<string>, image: Pulled) {
      const { id } = image;
      const isOurs = [...noted.values()].some((one) => one.id === id);
      if (before.has(id) && !isOurs) return void found.push(image);
      note(image);
      for (const other of found) if (other.id === id) note(other);
      await save();
    },

    /** An instance is about to be made of the image. */
    async used(id: string): Promise<void> {
      for (const one of noted.values()) if (one.id === id) await used(one);
    },

    /** As `Driver.unusedImages` says. */
    async unused(): Promise<PulledImage[]> {
      if (unusedMs === undefined || noted.size === 0) return [];
      const taken = await inContainers();
      for (const one of noted.values()) if (taken.has(plainId(one.id))) await used(one);
      const left = [...noted.values()].filter((one) => !taken.has(plainId(one.id)) && isUnused(one));
      return left.map(({ name, digest }) => ({ name, digest }));
    },

    /** As `Driver.forgetImage` says. */
    forget: (image: PulledImage): Promise<void> => inTurn(plainName(image.name), () => forget(image)),
  };
}

/** Podman may leave out what the rest is a digest of. */
const plainId = (id: string) => id.replace(/^sha256:/, '');

const keyOf = ({ name, digest }: PulledImage) => `${name}@${digest}`;

function inUse(reference: string, cause?: unknown): DriverError {
  return new DriverError('PCC_UNKNOWN_ERROR', `The image ${reference} is in use`, { cause });
}
