import type { CommandContext } from '../../lib/context.js';
import { usageError } from '../../lib/errors.js';
import { checkRegion } from '../../lib/regions.js';
import { checkSetName } from '../../lib/secret-input.js';
import { readStdin } from '../../lib/stdin.js';

export interface PullSecretOptions {
  stdin?: boolean;
  region?: string;
}

/** `secrets image-pull-secret`: what a private registry asks for when an image is pulled. */
export async function setPullSecret(
  context: CommandContext,
  name: string,
  host: string,
  argument: string | undefined,
  options: PullSecretOptions,
) {
  checkSetName(name);
  if (/\s/.test(host) || host === '') throw usageError(`'${host}' is no address of a registry.`, 'For example ghcr.io');
  const credentials = await readCredentials(context, argument, options);
  const [api, org] = [await context.api(), await context.org()];
  await checkRegion(api, org, options.region);
  const answer = await api.putSecret(org, name, {
    isImagePullSecret: true,
    host,
    secretValue: Buffer.from(credentials).toString('base64'),
    ...(options.region === undefined ? {} : { region: options.region }),
  });
  context.result({ set: name, host, region: answer.region }, () => `Stored the image pull secret ${name} for ${host}.`);
  context.note(context.colours.dim(`Deploy with it: pipecat cloud deploy NAME IMAGE:TAG --credentials ${name}`));
}

async function readCredentials(
  context: CommandContext,
  argument: string | undefined,
  { stdin }: PullSecretOptions,
): Promise<string> {
  if (argument !== undefined && stdin) throw usageError('Give the credentials once: as the argument or with --stdin.');
  if (argument !== undefined) {
    context.warn(
      'Credentials on the command line are visible in process lists and stay in the shell history: --stdin reads them from standard input.',
    );
    return checked(argument, 'The argument');
  }
  if (stdin) return checked((await readStdin(context.io, 'USER:PASSWORD')).replace(/\r?\n$/, ''), 'Standard input');
  const instead = 'USER:PASSWORD: pipe it in with --stdin, for example: printf \'%s\' "$USER:$TOKEN" | …';
  const user = await context.ask('User of the registry', instead);
  const password = await context.hidden('Password or token', `No credentials. Pass ${instead}`);
  return checked(`${user}:${password}`, 'What was typed');
}

/** The text itself is in no message: half of it is a password. */
function checked(text: string, where: string): string {
  if (/^[^:\s]+:[^\r\n]+$/.test(text)) return text;
  throw usageError(`${where} is not of the form USER:PASSWORD.`);
}
