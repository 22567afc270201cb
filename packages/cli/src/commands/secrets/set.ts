import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { CommandContext } from '../../lib/context.js';
import { readError, usageError } from '../../lib/errors.js';
import { plural } from '../../lib/format.js';
import { checkRegion } from '../../lib/regions.js';
import { checkPair, checkSetName, checkSizes, parseEnvFile } from '../../lib/secret-input.js';
import { readStdin } from '../../lib/stdin.js';

export interface SetOptions {
  file?: string;
  stdin?: string;
  region?: string;
}

/** Keys that one request may carry. */
const batch = 200;

/** `secrets set`: all keys in one request, so that a failure leaves none of them half done. */
export async function setSecrets(context: CommandContext, set: string, pairs: string[], options: SetOptions) {
  checkSetName(set);
  const secrets = await collect(context, pairs, options);
  checkSizes(set, secrets);
  const [api, org] = [await context.api(), await context.org()];
  await checkRegion(api, org, options.region);
  const all = [...secrets].map(([secretKey, secretValue]) => ({ secretKey, secretValue }));
  let region = options.region;
  for (let at = 0; at < all.length; at += batch) {
    const answer = await api.putSecret(org, set, {
      name: set,
      isImagePullSecret: false,
      secrets: all.slice(at, at + batch),
      ...(options.region === undefined ? {} : { region: options.region }),
    });
    region = answer.region;
  }
  const keys = [...secrets.keys()];
  context.result({ set, region, keys }, () => `Stored ${plural(keys.length, 'key')} in ${set}: ${keys.join(', ')}`);
  context.note(
    context.colours.dim(
      `Instances that start from now on get the new values; those that run, warm ones too, keep the old. To replace them now: pipecat cloud deploy --secrets ${set} --force`,
    ),
  );
}

async function collect(context: CommandContext, pairs: string[], options: SetOptions): Promise<Map<string, string>> {
  if (options.file === '-' && options.stdin !== undefined) {
    throw usageError('Standard input can be read once: --file - or --stdin KEY.');
  }
  const found = options.file === undefined ? new Map<string, string>() : await fromFile(context, options.file);
  if (options.stdin !== undefined) {
    const value = (await readStdin(context.io, `The value of ${options.stdin}`)).replace(/\r?\n$/, '');
    checkPair(options.stdin, value, '--stdin');
    found.set(options.stdin, value);
  }
  for (const [index, pair] of pairs.entries()) {
    const at = pair.indexOf('=');
    const key = at < 0 ? pair : pair.slice(0, at);
    const where = `Argument ${index + 1}`;
    // Before asking for a value: the answer would be in vain.
    checkPair(key, 'x', where);
    const missing = `No value for ${key}: pass --stdin ${key}, or --file with KEY=value lines.`;
    const value = at < 0 ? await context.hidden(`Value of ${key}`, missing) : pair.slice(at + 1);
    checkPair(key, value, where);
    found.set(key, value);
  }
  if (found.size === 0) throw usageError('No keys given: pass KEY=VALUE, KEY, --file or --stdin KEY.');
  if (pairs.some((pair) => pair.includes('='))) {
    context.warn(
      'Values on the command line are visible in process lists and stay in the shell history: --file - reads them from standard input.',
    );
  }
  return found;
}

async function fromFile({ io }: CommandContext, path: string): Promise<Map<string, string>> {
  if (path === '-') return parseEnvFile(await readStdin(io, 'The list of secrets'), 'standard input');
  const file = resolve(io.cwd, path);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw readError(file, error);
  });
  return parseEnvFile(text, path);
}
