import { setTimeout as sleep } from 'node:timers/promises';
import type { Build } from '@pipecat-cloud/contract/builds';
import { type Client, NetworkError } from '@pipecat-cloud/contract/client';
import type { CommandContext } from '../../lib/context.js';
import { CliError, exitCodes } from '../../lib/errors.js';
import { bytes, duration, plural } from '../../lib/format.js';
import type { Leaves } from '../../lib/interruption.js';
import type { ContextFile } from '../../lib/pack/list-files.js';
import { type Packed, pack } from '../../lib/pack/pack.js';
import { createPatience } from '../../lib/patience.js';
import { bar } from '../../lib/progress.js';
import { cleanLine } from '../../lib/text.js';
import { upload } from '../../lib/upload.js';
import { userAgent } from '../../lib/version.js';

export interface BuildOrder {
  api: Client;
  org: string;
  region: string;
  dockerfile: string;
  /** The secret set whose values the steps may read. */
  secretSet: string | undefined;
  /** The image pull secret set that the base images are pulled with. */
  imagePullSecretSet: string | undefined;
  files: readonly ContextFile[];
  timeoutSeconds: number;
  leaves: Leaves;
}

export interface BuildOutcome {
  id: string;
  /** The same files were built before; nothing was uploaded or built again. */
  cached: boolean;
}

/** From files to a build that succeeded: packs, looks in the cache, uploads, builds, follows the log (contract §10). */
export async function buildFromFiles(context: CommandContext, order: BuildOrder): Promise<BuildOutcome> {
  const { api, org, region, dockerfile, secretSet, imagePullSecretSet, files } = order;
  const { progress } = context;
  const total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  progress.step(`Packing ${plural(files.length, 'file')}, ${bytes(total)}`);
  let read = 0;
  const packed = await pack(files, (count) => {
    read += count;
    progress.detail(bar(read, total));
  });
  try {
    const known = await cachedBuild(order, packed.hash);
    if (known) {
      context.note(`Nothing changed since build ${known.id}; using it.`);
      return { id: known.id, cached: true };
    }
    const uploadId = await send(context, order, packed);
    const created = await api.createBuild(org, {
      uploadId,
      region,
      dockerfilePath: dockerfile,
      ...(secretSet === undefined ? {} : { secretSet }),
      ...(imagePullSecretSet === undefined ? {} : { imagePullSecretSet }),
    });
    if (created.cached && created.build.status === 'success') {
      context.note(`Nothing changed since build ${created.build.id}; using it.`);
      return { id: created.build.id, cached: true };
    }
    const { id } = created.build;
    order.leaves(
      `Nothing was deployed. Build ${id} goes on; once it has succeeded: pipecat cloud deploy --build-id ${id}`,
    );
    await followBuild(context, order, id);
    return { id: created.build.id, cached: false };
  } finally {
    await packed.discard();
  }
}

/** An error here counts as a miss: the upload that follows says what is wrong (contract §10.1). */
async function cachedBuild(
  { api, org, region, dockerfile, secretSet, imagePullSecretSet }: BuildOrder,
  contextHash: string,
): Promise<Build | undefined> {
  try {
    // More than one: the same files may have been built with other sets, too.
    const query = { limit: 20, contextHash, region, dockerfilePath: dockerfile, status: 'success' as const };
    const { builds } = await api.listBuilds(org, query);
    return builds.find(
      (build) =>
        build.contextHash === contextHash &&
        build.dockerfilePath === dockerfile &&
        build.secretSet === secretSet &&
        build.imagePullSecretSet === imagePullSecretSet,
    );
  } catch {
    return undefined;
  }
}

async function send({ progress }: CommandContext, { api, org, region }: BuildOrder, packed: Packed): Promise<string> {
  const target = await api.createUpload(org, { region });
  progress.step(`Uploading ${bytes(packed.sizeBytes)}`);
  try {
    await upload(target, packed.file, packed.sizeBytes, {
      userAgent,
      onBytes: (done) => progress.detail(bar(done, packed.sizeBytes)),
    });
  } catch (error) {
    if (!(error instanceof NetworkError) || error.timedOut) throw error;
    const why = (error.cause as Error | undefined)?.message ?? 'no reason given';
    throw new CliError(`The upload to ${error.host} broke off: ${why}.`, {
      exit: exitCodes.unavailable,
      code: 'NETWORK',
      hint: 'Nothing was deployed. That address is the one the server gave: can this machine reach it? Run the command again.',
      cause: error,
    });
  }
  return target.uploadId;
}

/** Follows a build to its end, its log lines as they come. Throws unless it succeeds. */
async function followBuild(context: CommandContext, order: BuildOrder, id: string): Promise<void> {
  const { api, org, timeoutSeconds } = order;
  const { progress, json, io } = context;
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  const patient = createPatience();
  const lines: string[] = [];
  progress.step(`Building ${id}`);
  for (;;) {
    const build = await patient(() => api.getBuild(org, id));
    // After the status, so that the lines of a finished build are all there.
    await patient(async () => {
      for (const line of await newLines(api, org, id, lines.length)) {
        lines.push(line);
        progress.line(context.colours.dim(`  ${cleanLine(line, Boolean(io.stderr.isTTY))}`));
      }
    });
    if (build?.status === 'success') {
      context.note(`Built ${id} in ${duration(build.buildDurationSeconds ?? elapsed())}.`);
      return;
    }
    if (build?.status === 'failed' || build?.status === 'timeout') throw buildEnded(build, json ? lines : []);
    if (elapsed() >= timeoutSeconds) {
      throw new CliError(`Build ${id} was not done within ${duration(timeoutSeconds)}.`, {
        exit: exitCodes.timedOut,
        code: 'TIMEOUT',
        hint: `It goes on. Once it has succeeded: pipecat cloud deploy --build-id ${id}. To wait longer: --build-timeout SECONDS`,
      });
    }
    progress.detail(`(${build?.status ?? 'no answer'}, ${duration(elapsed())})`);
    await sleep(Math.min(1000, Math.max(0, (timeoutSeconds - elapsed()) * 1000)));
  }
}

const page = 1000;

async function newLines(api: Client, org: string, id: string, seen: number): Promise<string[]> {
  const found: string[] = [];
  for (;;) {
    const { logs } = await api.readBuildLogs(org, id, { limit: page, offset: seen + found.length });
    found.push(...logs);
    if (logs.length < page) return found;
  }
}

/** `lines`: those that the user has not seen on the way. */
function buildEnded(build: Build, lines: readonly string[]): CliError {
  const tail = lines
    .slice(-10)
    .map((line) => `\n  ${line}`)
    .join('');
  const why = build.errorMessage ?? (build.status === 'timeout' ? 'it took too long' : 'no reason given; see its log');
  return new CliError(`Build ${build.id} failed: ${why.replace(/\.$/, '')}.${tail}`, {
    exit: build.status === 'timeout' ? exitCodes.timedOut : exitCodes.failed,
    code: build.status === 'timeout' ? 'TIMEOUT' : 'BUILD_FAILED',
    hint: 'Nothing was deployed. Correct it and deploy again.',
  });
}
