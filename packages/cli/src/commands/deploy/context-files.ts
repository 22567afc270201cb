import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type * as builds from '@pipecat-cloud/contract/builds';
import type { CommandContext } from '../../lib/context.js';
import { type DeployFile, deployFileName, readDeployFile } from '../../lib/deploy-file.js';
import { CliError, readError, usageError } from '../../lib/errors.js';
import { bytes } from '../../lib/format.js';
import { excluder, exclusionsFor } from '../../lib/pack/ignore.js';
import { byName, type ContextFile, describeFile, listFiles } from '../../lib/pack/list-files.js';
import { shorten } from '../../lib/settings.js';
import type { DeployPlan } from './options.js';

const sizeLimitBytes: typeof builds.contextSizeLimitBytes = 524_288_000;
const entryLimit: typeof builds.contextEntryLimit = 100_000;

/**
 * The files of a build context, checked: there is something to build, and it is not too large. One exception to the
 * contract's exclusions is ours: a deploy file with a `[local]` table goes along as `pcc-deploy.toml`, because hosts
 * without a container engine read there how to run the agent.
 */
export async function contextFiles(
  context: CommandContext,
  plan: DeployPlan,
  deployFile: DeployFile | undefined,
): Promise<ContextFile[]> {
  const directory = resolve(context.io.cwd, plan.buildDir);
  await checkDirectory(directory);
  const { patterns, fromDockerignore } = await exclusionsFor(directory, plan.exclude);
  const files = listFiles(directory, excluder(patterns)).filter(({ name }) => name !== deployFileName);
  const local = await localFile(directory, deployFile);
  const rootFile = join(directory, deployFileName);
  const carried = local ?? (excluder(patterns)(deployFileName) ? undefined : rootFile);
  const described = carried && (await isFile(carried)) ? describeFile(deployFileName, carried) : undefined;
  if (described) files.push(described);
  files.sort(byName);

  if (!deployFile && plan.buildDir !== '.' && (await isFile(rootFile))) {
    context.note(
      `${shorten(rootFile)} is not read for settings; to do so: --config-file ${join(plan.buildDir, deployFileName)}`,
    );
  }
  checkBuildable(files, plan, directory, local !== undefined);
  checkSize(files, directory);
  if (fromDockerignore) warnOfSecrets(files, context);
  return files;
}

async function checkDirectory(directory: string): Promise<void> {
  const found = await stat(directory).catch((error: unknown) => {
    throw readError(`The directory to build, ${shorten(directory)},`, error);
  });
  if (!found.isDirectory()) throw usageError(`${shorten(directory)} is no directory to build from.`);
}

async function localFile(directory: string, deployFile: DeployFile | undefined): Promise<string | undefined> {
  if (deployFile?.hasLocal) return deployFile.path;
  const path = join(directory, deployFileName);
  if (deployFile?.path === path) return undefined;
  if (!(await isFile(path))) return undefined;
  return (await readDeployFile(path)).hasLocal ? path : undefined;
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

function checkBuildable(files: readonly ContextFile[], plan: DeployPlan, directory: string, hasLocal: boolean): void {
  const has = (name: string) => files.some((file) => file.name === name);
  const wanted = plan.dockerfile.replace(/^\.\//, '');
  if (has(wanted)) return;
  if (!plan.dockerfileNamed && (hasLocal || has('bot.py'))) return;
  throw new CliError(
    `There is nothing to build in ${shorten(directory)}: no ${wanted}${plan.dockerfileNamed ? '' : ', no bot.py, and no [local] table in pcc-deploy.toml'}.`,
    {
      code: 'NOTHING_TO_BUILD',
      hint: `Run this in the agent's directory, name it with --build-dir, or name an image: pipecat cloud deploy ${plan.name} IMAGE:TAG. Files that .dockerignore or [build.exclude] match don't count.`,
    },
  );
}

function checkSize(files: readonly ContextFile[], directory: string): void {
  const total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (total <= sizeLimitBytes && files.length <= entryLimit) return;
  const largest = [...files].sort((a, b) => b.sizeBytes - a.sizeBytes).slice(0, 3);
  const what =
    total > sizeLimitBytes
      ? `${bytes(total)}; at most ${bytes(sizeLimitBytes)} can be uploaded`
      : `${files.length} files; at most ${entryLimit} can be uploaded`;
  throw new CliError(`The files in ${shorten(directory)} are too much: ${what}.`, {
    code: 'CONTEXT_TOO_LARGE',
    hint: `Leave out what the agent doesn't need, in .dockerignore or [build.exclude]. Largest: ${largest.map((file) => `${file.name} (${bytes(file.sizeBytes)})`).join(', ')}`,
  });
}

/** With a `.dockerignore`, the default exclusions don't apply, and files with secrets are easily forgotten. */
function warnOfSecrets(files: readonly ContextFile[], context: CommandContext): void {
  const suspicious = files.filter(({ name }) => /^\.env(?:\.|$)|\.(?:pem|key)$/.test(basename(name)));
  if (suspicious.length === 0) return;
  const list = suspicious
    .slice(0, 3)
    .map(({ name }) => name)
    .join(', ');
  context.warn(
    `${list}${suspicious.length > 3 ? ', …' : ''} will be uploaded: .dockerignore replaces the default exclusions. List what is secret there.`,
  );
}
