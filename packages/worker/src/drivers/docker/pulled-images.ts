import { join } from 'node:path';
import type { PulledImage } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import type { Engine } from '../../engine/engine.js';
import { isStatus } from '../../engine/engine-error.js';
import { makeFolder, readIfThere, replaceFile } from '../../files.js';
import { createWriteQueue } from '../../write-queue.js';
import { DriverError } from '../driver.js';
import type { InspectedImage } from './engine-types.js';

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

  return {
    /** Nothing of the repository is removed while this is under way. */
    async during<T>(name: string, work: () => Promise<T>): Promise<T> {
      busy.set(name, (busy.get(name) ?? 0) + 1);
      try {
        return await work();
      } finally {
        const left = (busy.get(name) ?? 1) - 1;
        if (left > 0) busy.set(name, left);
        else busy.delete(name);
      }
    },

    /** Ids of all images, to tell after a pull what has come by it. */
    async present(): Promise<ReadonlySet<string>> {
      const all = await engine.request<{ Id: string }[]>('GET', '/images/json', { query: { all: true } });
      return new Set(all.map(({ Id }) => Id));
    },

    /** Notes what a pull has brought; nothing where the image was there `before` and is not ours. */
    async pulled(before: ReadonlySet<string>, image: PulledImage & { id: string; tag?: string | undefined }) {
      const { id, name, digest, tag } = image;
      const ours = [...noted.values()].some((one) => one.id === id);
      if (before.has(id) && !ours) return;
      const tags = noted.get(keyOf(image))?.tags ?? [];
      const all = tag === undefined || tags.includes(tag) ? tags : [...tags, tag];
      noted.set(keyOf(image), { name, digest, id, tags: all, usedAt: new Date().toISOString() });
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
    async forget(image: PulledImage): Promise<void> {
      const one = noted.get(keyOf(image));
      if (!one) return;
      const { name, digest } = one;
      const taken = await inContainers();
      const tags: string[] = [];
      for (const tag of one.tags) if (await isTagged(one, tag)) tags.push(tag);
      // Looked at last: a start may have begun meanwhile.
      if (busy.has(name) || taken.has(plainId(one.id)) || !isUnused(one)) throw inUse(`${name}@${digest}`);
      for (const tag of tags) await remove(`${name}:${tag}`);
      await remove(`${name}@${digest}`);
      noted.delete(keyOf(one));
      await save();
      log.info(
        { image: `${name}@${digest}`, tags },
        'an image that was pulled here and that nothing needs any more was removed',
      );
    },
  };
}

/** Podman may leave out what the rest is a digest of. */
const plainId = (id: string) => id.replace(/^sha256:/, '');

const keyOf = ({ name, digest }: PulledImage) => `${name}@${digest}`;

function inUse(reference: string, cause?: unknown): DriverError {
  return new DriverError('PCC_UNKNOWN_ERROR', `The image ${reference} is in use`, { cause });
}
