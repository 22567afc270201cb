import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type * as leaks from '@pipecat-cloud/contract/leaks';
import { kindOf, maskToken } from '@pipecat-cloud/contract/token-format';
import type { CommandContext } from '../../lib/context.js';
import { CliError, readError, usageError } from '../../lib/errors.js';
import { readStdin } from '../../lib/stdin.js';
import { reportedLine, sendReport } from './send-report.js';

export interface ReportOptions {
  stdin?: boolean;
  tokenFile?: string;
  url?: string;
  yes?: boolean;
}

const limit: typeof leaks.reportLimit = 1000;

/** `token report`: ends credentials by holding them. Exit 1 where one could not be ended. */
export async function reportTokens(context: CommandContext, options: ReportOptions) {
  const values = [...new Set((await obtain(context, options)).split(/\s+/).filter((value) => value !== ''))];
  if (values.length === 0) throw usageError('There is no credential to report.');
  if (values.length > limit) throw usageError(`At most ${limit} credentials can be reported at once.`);
  // A mistyped option must not send a password to a server: only what is written like one of ours goes out.
  const foreign = values.findIndex((value) => kindOf(value) === undefined || value.length > 255);
  if (foreign >= 0) throw usageError(`Credential ${foreign + 1} is not one of this product; nothing was sent.`);

  const masked = new Map(values.map((value) => [value, maskToken(value)]));
  const reported = await sendReport(context, masked, options);
  const open = reported.filter(({ status }) => status !== 'revoked' && status !== 'already_ended').length;
  const lines = reported.map(reportedLine).join('\n');
  if (open === 0) return context.result({ reported }, () => lines);
  if (!context.json) context.io.stdout.write(`${lines}\n`);
  throw new CliError(`${open} of ${reported.length} could not be ended here.`, {
    code: 'NOT_ENDED',
    hint: 'An unknown one belongs to another server: PIPECAT_API_HOST names it.',
    data: { reported },
  });
}

async function obtain(context: CommandContext, { stdin, tokenFile }: ReportOptions): Promise<string> {
  if (stdin && tokenFile !== undefined) throw usageError('Give the credentials once: as --stdin or as --token-file.');
  if (stdin) return await readStdin(context.io, 'The credential');
  if (tokenFile === undefined) {
    return await context.hidden('Credential to revoke', 'No credential given: pass it with --stdin or --token-file.');
  }
  const path = resolve(context.io.cwd, tokenFile);
  return await readFile(path, 'utf8').catch((error: unknown) => {
    throw readError(`The file ${path}`, error);
  });
}
