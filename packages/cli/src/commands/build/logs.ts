import { setTimeout as sleep } from 'node:timers/promises';
import type { Build } from '@pipecat-cloud/contract/builds';
import type { CommandContext } from '../../lib/context.js';
import { CliError, exitCodes } from '../../lib/errors.js';
import { createPatience } from '../../lib/patience.js';
import { cleanLine } from '../../lib/text.js';
import { hasEnded } from './builds.js';

export interface BuildLogOptions {
  limit: number;
  follow?: boolean;
}

/** `build logs`: the first lines, or with `--follow` all of them as they come, to the end of the build. */
export async function buildLogs(context: CommandContext, id: string, options: BuildLogOptions) {
  if (options.follow) return followBuildLogs(context, id);
  const [api, org] = [await context.api(), await context.org()];
  const found = await api.readBuildLogs(org, id, { limit: options.limit });
  if (found.logs.length === 0 && !context.json) {
    context.note('No log lines yet. To wait for them: --follow');
    return;
  }
  context.result(found, () => found.logs.map((line) => shown(line, context)).join('\n'));
  if (!context.json && found.logs.length === options.limit) {
    context.note(`The first ${options.limit} lines; --limit shows more, --follow all.`);
  }
}

/** The largest page that servers give. */
const page = 1000;

async function followBuildLogs(context: CommandContext, id: string): Promise<void> {
  const [api, org] = [await context.api(), await context.org()];
  const patient = createPatience();
  let seen = 0;
  for (;;) {
    // Before the lines, so that those of a finished build are all there.
    const build = await patient(() => api.getBuild(org, id));
    let lines: string[] | undefined;
    do {
      lines = await patient(async () => (await api.readBuildLogs(org, id, { limit: page, offset: seen })).logs);
      for (const line of lines ?? []) {
        context.io.stdout.write(`${context.json ? JSON.stringify({ log: line }) : shown(line, context)}\n`);
      }
      seen += lines?.length ?? 0;
    } while (lines?.length === page);
    if (build && lines && hasEnded(build)) return throwUnlessSuccess(build);
    await sleep(1000);
  }
}

function throwUnlessSuccess({ id, status, errorMessage }: Build): void {
  if (status === 'success') return;
  throw new CliError(`Build ${id} ended with ${status}: ${errorMessage ?? 'no reason given'}`, {
    exit: status === 'timeout' ? exitCodes.timedOut : exitCodes.failed,
    code: status === 'timeout' ? 'TIMEOUT' : 'BUILD_FAILED',
  });
}

const shown = (line: string, { colours }: CommandContext) => cleanLine(line, colours.isColorSupported);
