import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { DailySettings } from '@pipecat-cloud/contract/daily';
import type { CommandContext } from '../../lib/context.js';
import { readError, usageError } from '../../lib/errors.js';
import { readStdin } from '../../lib/stdin.js';
import { fields } from '../../lib/table.js';

export interface SetDailyOptions {
  stdin?: boolean;
  keyFile?: string;
  dialinSecretFile?: string;
  allowUnsignedDialin?: boolean;
}

export async function showDaily(context: CommandContext) {
  const org = await context.org();
  const settings = await (await context.api()).dailySettings(org);
  context.result({ organization: org, ...settings }, () => text(context, org, settings));
}

export async function setDaily(context: CommandContext, options: SetDailyOptions) {
  const { dialinSecretFile, allowUnsignedDialin } = options;
  const apiKey = await obtainKey(context, options);
  const dialinSecret = dialinSecretFile === undefined ? undefined : await readSecret(context, dialinSecretFile);
  const [api, org] = [await context.api(), await context.org()];
  const settings = await api.putDailySettings(org, {
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(dialinSecret === undefined ? {} : { dialinSecret }),
    ...(allowUnsignedDialin === undefined ? {} : { allowUnsignedDialin }),
  });
  context.result({ organization: org, ...settings }, () => text(context, org, settings));
}

export async function clearDaily(context: CommandContext, { yes }: { yes?: boolean }) {
  const org = await context.org();
  if (!yes)
    await context.confirm(
      `Remove the Daily API key of ${org}? Sessions that ask for a room are refused then.`,
      '--yes',
    );
  await (await context.api()).removeDailySettings(org);
  context.result({ status: 'OK', organization: org }, () => `${org} has no Daily API key any more.`);
}

/** Undefined where something else is to be changed alone. */
async function obtainKey(context: CommandContext, options: SetDailyOptions): Promise<string | undefined> {
  const { stdin, keyFile, dialinSecretFile, allowUnsignedDialin } = options;
  if (stdin && keyFile !== undefined) throw usageError('Give the key once: as --stdin or as --key-file.');
  if (stdin) return checked(await readStdin(context.io, 'The API key'));
  if (keyFile !== undefined) return checked(await readSecret(context, keyFile));
  if (dialinSecretFile !== undefined || allowUnsignedDialin !== undefined) return undefined;
  return checked(await context.hidden('Daily API key', 'No key given: pass it with --stdin or --key-file.'));
}

function checked(key: string): string {
  const trimmed = key.trim();
  if (!/^\S{8,256}$/.test(trimmed)) throw usageError('That is no API key of Daily: copy the whole of it.');
  return trimmed;
}

async function readSecret({ io }: CommandContext, path: string): Promise<string> {
  const file = resolve(io.cwd, path);
  const content = await readFile(file, 'utf8').catch((error: unknown) => {
    throw readError(`The file ${file}`, error);
  });
  return content.trim();
}

const dialinWords: Record<DailySettings['dialin'], string> = {
  signed: 'calls that are signed with the secret',
  unsigned: 'all calls, signed or not',
  off: 'none: there is no secret',
};

function text({ colours }: CommandContext, org: string, { source, keyHint, dialin }: DailySettings): string {
  const key = { organization: `its own, ${keyHint}`, installation: "the installation's", none: 'none' }[source];
  return fields(
    [
      ['Organization', org],
      ['API key', key],
      ['Dial-in takes', dialinWords[dialin]],
    ],
    colours.bold,
  );
}
