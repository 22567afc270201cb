import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type { BuildOrder } from '@pipecat-cloud/contract/worker';
import { BuilderUnavailable } from '../../drivers/builder.js';
import { registryConfig } from '../../drivers/docker/registry-credentials.js';
import { DriverError } from '../../drivers/driver.js';
import type { Engine } from '../../engine/engine.js';
import { isEngineAway, isStatus } from '../../engine/engine-error.js';
import { isPodman } from '../../engine/version.js';
import { redactorOf } from '../build-redactor.js';
import { explainFailure } from './build-failure.js';
import { type BuildFailure, readBuildOutput } from './build-output.js';
import { checkFrontend, checkMounts, type Dockerfile, readDockerfile } from './frontend-check.js';
import { createImageRights } from './image-rights.js';
import { openSecretSession, type SecretSession } from './secret-session.js';

export interface EngineBuildsOptions {
  engine: Engine;
  installationId: string;
  /** `registry`: `FROM` means what the registry has. `local`: an image of that name on the engine comes first, whoever pulled it. */
  baseImages?: 'registry' | 'local';
  /** Names and values of proxies, for `RUN` steps; neither the image nor its history keeps them. */
  proxies?: Readonly<Record<string, string>>;
  /** False for an engine without BuildKit; by default the engine is asked. */
  buildKit?: boolean;
  /** From the request to call a build off to its end; BuildKit kills what runs at once. */
  endGraceMs?: number;
}

/** Not those of instances: a container that somebody else makes of such an image is no instance. */
export const labels = {
  installation: 'pipecat-cloud.build.installation',
  build: 'pipecat-cloud.build.id',
  context: 'pipecat-cloud.build.context',
  dockerfile: 'pipecat-cloud.build.dockerfile',
};

/** Builds as an engine runs them: one request, called off where nobody waits for it any more. */
export function createEngineBuilds(options: EngineBuildsOptions) {
  const { engine, installationId, baseImages = 'registry', proxies = {}, endGraceMs = 10_000 } = options;

  async function hasBuildKit(): Promise<boolean> {
    if (options.buildKit !== undefined) return options.buildKit;
    // Podman answers as the classic builder does, whatever its own can do.
    return !isPodman(await engine.version());
  }

  /** Everything that the request says, apart from the context. */
  function queryOf(
    name: string,
    order: BuildOrder,
    dockerfile: Dockerfile,
    session: SecretSession | undefined,
  ): Record<string, string | object> {
    const whose = `${installationId} ${order.organizationId}`;
    const organization = createHash('sha256').update(whose).digest('hex').slice(0, 16);
    return {
      t: name,
      dockerfile: dockerfile.path,
      labels: {
        [labels.installation]: installationId,
        [labels.build]: order.buildId,
        [labels.context]: order.contextSha256,
        [labels.dockerfile]: order.dockerfilePath,
      },
      // Cache mounts are told apart by it: without, one organization could plant files in another's.
      buildargs: { ...proxies, ...(session && { BUILDKIT_CACHE_MOUNT_NS: organization }) },
      ...(baseImages === 'registry' ? { pull: '1' } : {}),
      ...(session
        ? {
            version: '2',
            session: session.id,
            buildid: order.buildId,
            // Part of what a step is found by in the cache: a step of another organization may hold what a secret has opened to it.
            extrahosts: `${organization}.pipecat-cloud.invalid:127.0.0.1`,
          }
        : // What one organization's step has made is not for another's.
          { rm: '1', forcerm: '1', nocache: '1' }),
    };
  }

  const callOff = (buildId: string, signal?: AbortSignal) =>
    engine
      .request('POST', '/build/cancel', { query: { id: buildId }, ...(signal && { signal }) })
      .catch(() => undefined);

  async function run(
    name: string,
    order: BuildOrder,
    archive: string,
    onLine: (text: string) => void,
    givenUp: AbortSignal,
  ) {
    // Also ends the questions that nobody waits for any more.
    const ended = new AbortController();
    const signal = AbortSignal.any([givenUp, ended.signal]);
    const dockerfile = await readDockerfile(archive, order.dockerfilePath);
    checkFrontend(dockerfile);
    const buildKit = await hasBuildKit();
    if (!buildKit) checkMounts(dockerfile);
    const rights = createImageRights({
      ...{ engine, signal, registry: order.registry },
      onRefused: async (image, error) => ended.abort(await refusalOf(image, error, order)),
    });
    const onImage = (await asksRegistries()) ? rights.see : () => undefined;
    const session = buildKit ? await openSecretSession(engine, order, signal) : undefined;
    if (!session && Object.keys(order.secrets ?? {}).length > 0) throw noSecrets();
    const body = createReadStream(archive);
    let output: Readable | undefined;
    const broken = new AbortController();
    let giveUp: NodeJS.Timeout | undefined;
    const end = () => {
      if (session) void callOff(order.buildId);
      // The classic builder ends with its request.
      giveUp = setTimeout(() => broken.abort(signal.reason), session ? endGraceMs : 0);
    };
    signal.addEventListener('abort', end, { once: true });
    try {
      // What an earlier worker was building when it ended; the engine calls that off by itself, a little later.
      if (session) await callOff(order.buildId, signal);
      signal.throwIfAborted();
      output = await engine.stream('POST', '/build', {
        query: queryOf(name, order, dockerfile, session),
        body,
        headers: { 'content-type': 'application/x-tar', ...(session ? {} : registryConfig(order.registry)) },
        signal: broken.signal,
      });
      const failure = await readBuildOutput(output, { redactor: redactorOf(order), onLine, onImage });
      if (!failure) await rights.settled();
      signal.throwIfAborted();
      // Nobody here has called it off: the engine is being stopped.
      if (failure && /context canceled$/.test(failure.message.trim())) throw brokenOff(failure.message);
      if (failure) throw await explained(failure, order);
    } catch (error) {
      signal.throwIfAborted();
      throw await meaningOf(error, order);
    } finally {
      signal.removeEventListener('abort', end);
      ended.abort();
      clearTimeout(giveUp);
      body.destroy();
      output?.destroy();
      session?.close();
    }
  }

  /** Errors of a connection have a code, ours have not. */
  const isBroken = (error: unknown) =>
    isEngineAway(error) ||
    (typeof (error as NodeJS.ErrnoException).code === 'string' && !(error instanceof DriverError));

  async function meaningOf(error: unknown, order: BuildOrder): Promise<unknown> {
    if (isBroken(error)) return brokenOff(error);
    if (!isStatus(error, 400, 500)) return error;
    return await explained({ message: (error as Error).message, step: undefined, lastLine: undefined }, order);
  }

  /** Podman can't, and asks whenever it pulls. */
  async function asksRegistries(): Promise<boolean> {
    return baseImages === 'registry' && !isPodman(await engine.version());
  }

  /** Why a build may not have an image that it names. */
  async function refusalOf(image: string, error: unknown, order: BuildOrder): Promise<Error> {
    if (isBroken(error)) return brokenOff(error);
    const step = `[internal] load metadata for ${image}`;
    return await explained({ message: (error as Error).message, step, lastLine: undefined }, order);
  }

  /** Secrets are taken out of whole texts: of one that is cut, what is left can't be told from other text. */
  async function explained({ message, step, lastLine }: BuildFailure, order: BuildOrder): Promise<DriverError> {
    const clean = redactorOf(order);
    const cleaned = { message: clean(message), step: step && clean(step), lastLine: lastLine && clean(lastLine) };
    return explainFailure(cleaned, await platform());
  }

  async function platform(): Promise<string> {
    const { Os, Arch } = await engine.version();
    return `${Os}/${Arch}`;
  }

  return {
    /**
     * Builds the archive into an image of this name. Throws `DriverError` when it fails, `BuilderUnavailable` when the engine breaks off, the
     * signal's reason when aborted; then nothing of it runs any more.
     */
    run,
    /** What the engine runs, such as `linux/amd64`. */
    platform,
  };
}

export const brokenOff = (cause: unknown) =>
  new BuilderUnavailable('The container engine broke the build off. Was it restarted?', { cause });

function noSecrets(): DriverError {
  return new DriverError(
    'PCC_UNKNOWN_ERROR',
    "Build secrets need BuildKit, and this worker's container engine builds without it. Build without a secret set, or run the worker beside Docker 20.10 or later.",
  );
}
