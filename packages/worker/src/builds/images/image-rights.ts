import type { RegistryCredentials } from '@pipecat-cloud/contract/worker';
import { parseImage } from '../../drivers/docker/image-reference.js';
import { registryAuth } from '../../drivers/docker/registry-credentials.js';
import type { Engine } from '../../engine/engine.js';

/** `resolved`: the engine finds out what the name stands for, and so asks its registry about a tag. `used`: it goes on with what it has. */
export type ImageSight = 'resolved' | 'used';

export interface ImageRightsOptions {
  engine: Pick<Engine, 'request'>;
  /** What the build pulls with. */
  registry: RegistryCredentials | undefined;
  signal: AbortSignal;
  /** Told of an image that its registry does not let the build have; the answer is awaited. */
  onRefused: (image: string, error: unknown) => Promise<void>;
}

/**
 * Has registries themselves say that a build may have the images that it uses, where its engine does not ask on its behalf: a digest that an
 * engine has met before it takes from what it holds, and a tag that a build beside is about to use, from that; whoever it was pulled for.
 */
export function createImageRights({ engine, registry, signal, onRefused }: ImageRightsOptions) {
  const asked = new Map<string, Promise<void>>();
  const resolved = new Set<string>();

  async function ask(image: string): Promise<void> {
    const reference = parseImage(image);
    try {
      if (!reference) throw new Error('invalid reference format');
      const { name, tag, digest } = reference;
      const path = `/distribution/${digest === undefined ? `${name}:${tag}` : `${name}@${digest}`}/json`;
      await engine.request('GET', path, { headers: registryAuth(registry, reference.registry), signal });
    } catch (error) {
      if (!signal.aborted) await onRefused(image, error);
    }
  }

  return {
    /** The build names this image, as its engine calls it. */
    see(image: string, how: ImageSight): void {
      const [name = ''] = image.split('@');
      if (how === 'resolved' && name === image) resolved.add(name);
      else if (!resolved.has(name) && !asked.has(image)) {
        const answer = ask(image);
        answer.catch(() => undefined); // The build may end before anybody waits for it.
        asked.set(image, answer);
      }
    },
    /** Resolves once all were answered. */
    settled: (): Promise<unknown> => Promise.all(asked.values()),
  };
}
