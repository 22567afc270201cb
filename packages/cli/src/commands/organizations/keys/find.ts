import type { ApiKeyList } from '@pipecat-cloud/contract/api-keys';
import type { CommandContext } from '../../../lib/context.js';
import { notFound, usageError } from '../../../lib/errors.js';

export type Key = {
  id: string;
  type: 'public' | 'private';
  name: string;
  /** In clear for public keys, masked for private ones. */
  shown: string;
  createdAt: string;
  revoked: boolean;
  lastUsedAt: string | null;
};

export function keysOf(listed: ApiKeyList): Key[] {
  const common = ({
    id,
    metadata,
    createdAt,
    revoked,
    lastUsedAt,
  }: ApiKeyList['public'][number] | ApiKeyList['private'][number]) => ({
    id,
    name: metadata.name,
    createdAt,
    revoked,
    lastUsedAt: lastUsedAt ?? null,
  });
  return [
    ...listed.public.map((key) => ({ ...common(key), type: 'public' as const, shown: key.key })),
    // Other servers of the contract may leave private keys out.
    ...(listed.private ?? []).map((key) => ({ ...common(key), type: 'private' as const, shown: key.masked })),
  ];
}

/** The live key that was named by id, unique beginning of one, name, or public value; asks on a terminal when nothing was. */
export async function findKey(
  context: CommandContext,
  listed: readonly Key[],
  wanted: string | undefined,
  { verb, org }: { verb: string; org: string },
): Promise<Key> {
  const keys = listed.filter(({ revoked }) => !revoked);
  if (keys.length === 0) {
    throw notFound(
      `There is no such key in ${org} to ${verb}.`,
      'Create one with: pipecat cloud organizations keys create',
    );
  }
  const chosen =
    wanted ??
    (await context.choose(
      `Key to ${verb}`,
      keys.map((key) => ({ value: key.id, label: `${key.name}  ${key.shown}  (${key.type})` })),
      `its name or id as the argument: organizations keys ${verb} NAME`,
    ));
  const found = [
    (key: Key) => key.id === chosen || (key.type === 'public' && key.shown === chosen),
    (key: Key) => key.name === chosen,
    (key: Key) => chosen.length >= 4 && key.id.startsWith(chosen),
  ]
    .map((matches) => keys.filter(matches))
    .find((some) => some.length > 0);
  const [key, ...others] = found ?? [];
  if (!key)
    throw notFound(`No live key '${chosen}' in ${org}.`, `There are: ${keys.map(({ name }) => name).join(', ')}`);
  if (others.length > 0) {
    throw usageError(
      `'${chosen}' could be any of ${others.length + 1} keys; give the id.`,
      (found ?? []).map((one) => `  ${one.id}  ${one.name}, ${one.type}, ${one.shown}`).join('\n'),
    );
  }
  return key;
}
