import type { RegistryCredentials } from '@pipecat-cloud/contract/worker';
import { parseImage } from '../../drivers/docker/image-reference.js';
import { registryAuth } from '../../drivers/docker/registry-credentials.js';
import type { Engine } from '../../engine/engine.js';

export interface PinnedImagesOptions {
  engine: Pick<Engine, 'request'>;
  /** What the build pulls with. */
  registry: RegistryCredentials | undefined;
  signal: AbortSignal;
  /** Told of an image that its registry does not let the build have; the answer is awaited. */
  onRefused: (image: string, error: unknown) => Promise<void>;
}

/**
 * Has registries themselves say that a build may have what it names by digest. Of a tag an engine asks them; a digest that it has met before
 * it takes from what it holds, whoever that was pulled for.
 */
export function createPinnedImages({ engine, registry, signal, onRefused }: PinnedImagesOptions) {
  const asked = new Map<string, Promise<void>>();

  async function ask(image: string): Promise<void> {
    const reference = parseImage(image);
    try {
      if (!reference) throw new Error('invalid reference format');
      const path = `/distribution/${reference.name}@${reference.digest}/json`;
      await engine.request('GET', path, { headers: registryAuth(registry, reference.registry), signal });
    } catch (error) {
      if (!signal.aborted) await onRefused(image, error);
    }
  }

  return {
    /** The build uses this image, as its engine calls it. */
    use(image: string): void {
      if (image.includes('@') && !asked.has(image)) asked.set(image, ask(image));
    },
    /** Resolves once all were answered. */
    settled: (): Promise<unknown> => Promise.all(asked.values()),
  };
}
