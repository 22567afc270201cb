import type { InstanceSpec } from '@pipecat-cloud/contract/worker';
import type { Engine } from '../../engine/engine.js';
import { EngineUnreachable, isBrokenOff, isEngineAway } from '../../engine/engine-error.js';
import { jsonLines } from '../../engine/streams.js';
import type { ImageReference } from './image-reference.js';
import { pullError } from './pull-errors.js';
import { registryAuth } from './registry-credentials.js';

interface Progress {
  error?: string;
  errorDetail?: { message?: string };
}

export interface PullRequest {
  image: string;
  reference: ImageReference;
  registry: InstanceSpec['registry'];
  /** Given up after this long without a word from the engine. */
  stallMs: number;
  signal: AbortSignal;
}

/** Pulls an image. Throws `DriverError` with a documented code, the signal's own reason, or that the engine is away. */
export async function pull(engine: Engine, request: PullRequest): Promise<void> {
  const { image, reference, stallMs } = request;
  const stalled = new AbortController();
  const signal = AbortSignal.any([request.signal, stalled.signal]);
  const restart = () =>
    setTimeout(() => stalled.abort(pullError(image, reference, `no progress for ${stallMs / 1000} s`)), stallMs);
  let timer = restart();
  try {
    const body = await engine.stream('POST', '/images/create', {
      query: { fromImage: reference.name, tag: reference.digest ?? reference.tag },
      headers: registryAuth(request.registry, reference.registry),
      signal,
    });
    for await (const { error, errorDetail } of jsonLines<Progress>(body)) {
      clearTimeout(timer);
      timer = restart();
      if (error || errorDetail) throw pullError(image, reference, errorDetail?.message ?? error ?? '');
    }
  } catch (error) {
    signal.throwIfAborted();
    if (isEngineAway(error) || (error as Error).name === 'DriverError') throw error;
    if (isBrokenOff(error)) throw new EngineUnreachable(engine.url, error);
    throw pullError(image, reference, (error as Error).message, error);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Has the registry itself say that the caller may have the digest; a pull of what lies here already asks nobody. Throws as `pull` does.
 */
export async function askRegistry(engine: Engine, request: PullRequest): Promise<void> {
  const { image, reference, registry, signal } = request;
  try {
    const path = `/distribution/${reference.name}@${reference.digest}/json`;
    await engine.request('GET', path, { headers: registryAuth(registry, reference.registry), signal });
  } catch (error) {
    signal.throwIfAborted();
    if (isEngineAway(error)) throw error;
    throw pullError(image, reference, (error as Error).message, error);
  }
}
