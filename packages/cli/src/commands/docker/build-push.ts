import { spawn } from 'node:child_process';
import type { CommandContext } from '../../lib/context.js';
import { findDeployFile } from '../../lib/deploy-file.js';
import { CliError } from '../../lib/errors.js';
import { type BuildPushOptions, type ImagePlan, ownArchitecture, planImage } from './image-plan.js';

/** `docker build-push`: builds the Dockerfile here with the local Docker and pushes the image. Asks no server of ours. */
export async function buildPush(context: CommandContext, argument: string | undefined, options: BuildPushOptions) {
  const plan = planImage(argument, options, await findDeployFile(context.io, options.configFile));
  const [image = ''] = plan.tags;
  if (!options.yes) {
    await context.confirm(
      `Build ${plan.tags.join(' and ')} for ${plan.platform}${plan.push ? ' and push' : ''}?`,
      '--yes',
    );
  }
  context.progress.step(`Building ${image} for ${plan.platform}`);
  await docker(context, await buildArguments(context, plan), 'build');
  for (const tag of plan.push ? plan.tags : []) {
    context.progress.step(`Pushing ${tag}`);
    await docker(context, ['push', tag], 'push');
  }
  context.result({ image, tags: plan.tags, platform: plan.platform, pushed: plan.push }, () =>
    plan.push ? `Pushed ${plan.tags.join(' and ')}.` : `Built ${plan.tags.join(' and ')}.`,
  );
  if (plan.push) context.note(context.colours.dim(`Deploy it with: pipecat cloud deploy NAME ${image}`));
}

async function buildArguments(context: CommandContext, { tags, platform }: ImagePlan): Promise<string[]> {
  const names = tags.flatMap((tag) => ['-t', tag]);
  if (await works(context, ['buildx', 'version'])) {
    return ['buildx', 'build', `--platform=${platform}`, '--load', ...names, '.'];
  }
  // The builder of old makes images for its own machine only.
  if (platform === `linux/${ownArchitecture()}`) return ['build', ...names, '.'];
  throw new CliError(`Docker here has no buildx, which building for ${platform} needs.`, {
    code: 'DOCKER',
    hint: `Install the buildx plugin, or build for this machine: --platform linux/${ownArchitecture()}`,
  });
}

async function works(context: CommandContext, args: string[]): Promise<boolean> {
  return (await run(context, args, () => undefined)) === 0;
}

async function docker(context: CommandContext, args: string[], what: 'build' | 'push'): Promise<void> {
  let said = '';
  const code = await run(context, args, (text) => {
    said = (said + text).slice(-4000);
    context.progress.stop();
    context.io.stderr.write(text);
  });
  if (code === 0) return;
  throw new CliError(`docker ${args.slice(0, args[0] === 'buildx' ? 2 : 1).join(' ')} ended with ${code}.`, {
    code: 'DOCKER',
    hint: hintFor(said, what),
  });
}

function run({ io }: CommandContext, args: string[], onText: (text: string) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn('docker', args, {
      cwd: io.cwd,
      env: io.env as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', onText);
    child.on('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new CliError(
          cause.code === 'ENOENT' ? 'Docker is not installed here.' : `Docker can't be run: ${cause.message}`,
          {
            code: 'DOCKER',
            hint: 'Install Docker and have it in PATH, or let the installation build: pipecat cloud deploy',
            cause,
          },
        ),
      ),
    );
    child.on('close', (code, signal) => resolve(code ?? (signal ? 1 : 0)));
  });
}

function hintFor(said: string, what: 'build' | 'push'): string {
  if (/permission denied.*docker\.sock/is.test(said)) {
    return "This user may not use Docker: add it to the group 'docker' and sign in again.";
  }
  if (/cannot connect to the docker daemon|is the docker daemon running/i.test(said)) {
    return 'Docker does not run: start it (Docker Desktop, or: systemctl start docker).';
  }
  if (/denied|unauthorized|authentication required|no basic auth/i.test(said)) {
    return 'The registry refused: sign in with docker login, and see that user and repository are right.';
  }
  if (/no such file or directory.*dockerfile|failed to read dockerfile/i.test(said)) {
    return "There is no Dockerfile here: run this in the agent's directory.";
  }
  return what === 'build' ? 'What went wrong stands above.' : 'See above; the image is built and stays.';
}
