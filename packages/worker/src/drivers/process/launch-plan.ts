import { join, normalize } from 'node:path';
import { DriverError } from '../driver.js';
import { type LocalSection, parseLocalSection, parseProjectDependencies } from './deploy-file.js';
import { readText } from './files.js';

/** How an unpacked context becomes a process. */
export type LaunchPlan =
  | ({ kind: 'local' } & LocalSection)
  | { kind: 'python'; requirements: Requirements | undefined };

export interface Requirements {
  /** Relative to the context; undefined when the text was taken from pyproject.toml. */
  file: string | undefined;
  text: string;
}

/**
 * Decides by the files of a context: `[local]` in `pcc-deploy.toml`; else a `bot.py` with a Dockerfile on `dailyco/pipecat-base` or
 * without any. Throws `DriverError` with the ways out for anything else.
 */
export async function planLaunch(context: string, dockerfilePath: string): Promise<LaunchPlan> {
  const deployFile = await readText(join(context, 'pcc-deploy.toml'));
  const local = deployFile === undefined ? undefined : parseLocalSection(deployFile);
  if (local) return { kind: 'local', ...local };

  const dockerfile = await readText(inside(context, dockerfilePath));
  const bot = await readText(join(context, 'bot.py'));
  if (dockerfile !== undefined && !usesPipecatBase(dockerfile)) {
    throw cannotRun(`its ${dockerfilePath} is not based on dailyco/pipecat-base`);
  }
  if (bot === undefined) throw cannotRun('it has no bot.py in its top folder');
  return { kind: 'python', requirements: await findRequirements(context) };
}

/** True when a stage of the Dockerfile starts from the official base image. */
export function usesPipecatBase(dockerfile: string): boolean {
  return /^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(?:docker\.io\/)?dailyco\/pipecat-base(?:[:@]\S*)?(?:[ \t]+AS[ \t]+\S+)?[ \t]*\r?$/im.test(
    dockerfile,
  );
}

async function findRequirements(context: string): Promise<Requirements | undefined> {
  const text = await readText(join(context, 'requirements.txt'));
  if (text !== undefined) return { file: 'requirements.txt', text };
  const project = await readText(join(context, 'pyproject.toml'));
  const dependencies = project === undefined ? [] : parseProjectDependencies(project);
  return dependencies.length > 0 ? { file: undefined, text: `${dependencies.join('\n')}\n` } : undefined;
}

function inside(context: string, path: string): string {
  const normal = normalize(path);
  if (normal.startsWith('/') || normal.split('/').includes('..')) {
    throw new DriverError('PCC_UNKNOWN_ERROR', 'The path of the Dockerfile leads out of the build context.');
  }
  return join(context, normal);
}

function cannotRun(reason: string): DriverError {
  return new DriverError(
    'PCC_UNKNOWN_ERROR',
    `This worker runs agents as local processes and does not know how to start this one: ${reason}. ` +
      'Either say how in pcc-deploy.toml, for example [local] with command = ["node", "bot.ts"] ' +
      '(that file is uploaded only when a .dockerignore decides what is), or run a worker with the docker driver.',
  );
}
