import type { CreatedApiKey } from '@pipecat-cloud/contract/api-keys';
import type { CommandContext } from '../../../lib/context.js';
import { usageError } from '../../../lib/errors.js';
import { showSecret } from '../../token/show-value.js';
import { storeDefaultKey } from './default-key.js';
import { findKey, keysOf } from './find.js';

export interface CreateKeyOptions {
  name?: string;
  default?: boolean;
  type: 'public' | 'private';
  valueOnly?: boolean;
}

/** `organizations keys create` (contract §4.5, §6.5). */
export async function createKey(context: CommandContext, options: CreateKeyOptions) {
  if (options.default && options.type === 'private') {
    throw usageError(
      'Only a public key can be the default.',
      "Private keys are for the REST API; 'agent start' takes public ones.",
    );
  }
  const name = options.name ?? (await context.ask('Name of the key', '--name NAME'));
  const [api, org] = [await context.api(), await context.org()];
  const created = await api.createApiKey(org, { name, type: options.type });
  const stored = options.default ? await storeDefaultKey(context, org, { value: created.key, name }) : undefined;
  if (stored) context.note(`It is the default key of ${org} now (${stored}).`);
  const use = `Make it the default for 'agent start' with: pipecat cloud organizations keys use ${name}`;
  showKey(context, created, {
    headline: `The ${options.type} key ${name} of ${org} is made.`,
    hint:
      options.type === 'private'
        ? 'Keep it on servers: whoever has it controls the agents of the organization.'
        : stored
          ? undefined
          : use,
    valueOnly: options.valueOnly,
  });
}

/** Private keys in a frame, because they are shown this once; public ones can be listed again. */
function showKey(
  context: CommandContext,
  created: CreatedApiKey,
  { headline, hint, valueOnly }: { headline: string; hint?: string | undefined; valueOnly?: boolean | undefined },
): void {
  if (created.type === 'private') {
    showSecret(context, { value: created.key, data: created, valueOnly, headline, hints: hint ? [hint] : [] });
    return;
  }
  const alone = valueOnly || !context.io.stdout.isTTY;
  if (alone && !context.json) context.note(context.colours.dim(headline));
  context.result(created, () => (alone ? created.key : [headline, created.key, ...(hint ? [hint] : [])].join('\n')));
}

export interface ChangeKeyOptions {
  force?: boolean;
  yes?: boolean;
  valueOnly?: boolean;
}

/** `organizations keys rotate`: a new value; the old one stops at once. */
export async function rotateKey(context: CommandContext, wanted: string | undefined, options: ChangeKeyOptions) {
  const [api, org] = [await context.api(), await context.org()];
  const key = await findKey(context, keysOf(await api.listApiKeys(org)), wanted, { verb: 'rotate', org });
  if (!options.force && !options.yes) {
    await context.confirm(`Give ${key.name} a new value? The old one (${key.shown}) stops at once.`, '--force');
  }
  const rotated = await api.rotateApiKey(org, key.id);
  const isDefault = (await context.settings()).publicKey;
  if (isDefault?.value === key.shown && isDefault.source === 'file') {
    await storeDefaultKey(context, org, { value: rotated.key, name: key.name }).then(
      (file) => context.note(`The default key of ${org} is the new one (${file}).`),
      (error: unknown) => context.warn(error instanceof Error ? error.message : String(error)),
    );
  }
  showKey(context, rotated, {
    headline: `The ${key.type} key ${key.name} of ${org} has a new value; the old one has stopped.`,
    valueOnly: options.valueOnly,
  });
}

/** `organizations keys revoke`: stays listed, and stops working at once. */
export async function revokeKey(context: CommandContext, wanted: string | undefined, options: ChangeKeyOptions) {
  const [api, org] = [await context.api(), await context.org()];
  const key = await findKey(context, keysOf(await api.listApiKeys(org)), wanted, { verb: 'revoke', org });
  if (!options.force && !options.yes) {
    await context.confirm(`Revoke the ${key.type} key ${key.name} (${key.shown})? It stops at once.`, '--force');
  }
  const answer = await api.revokeApiKey(org, key.id);
  context.result({ ...answer, id: key.id, name: key.name }, () => `The ${key.type} key ${key.name} is revoked.`);
  if ((await context.settings()).publicKey?.value === key.shown) {
    context.warn("It was the default key of 'agent start': choose another with 'organizations keys use'.");
  }
}

/** `organizations keys use`: the public key that `agent start` takes from now on. */
export async function chooseKey(context: CommandContext, wanted: string | undefined) {
  const [api, org] = [await context.api(), await context.org()];
  const keys = keysOf(await api.listApiKeys(org)).filter(({ type }) => type === 'public');
  const key = await findKey(context, keys, wanted, { verb: 'use', org });
  const file = await storeDefaultKey(context, org, { value: key.shown, name: key.name });
  context.result(
    { organization: org, id: key.id, name: key.name, key: key.shown },
    () => `'agent start' uses the key ${key.name} in ${org} from now on (${file}).`,
  );
}
