import type { CommandContext } from '../../../lib/context.js';
import { day } from '../../../lib/format.js';
import { ago } from '../../token/token-view.js';
import { type Key, keysOf } from './find.js';

export async function listKeys(context: CommandContext, options: { revoked?: boolean }) {
  const [api, org] = [await context.api(), await context.org()];
  const listed = await api.listApiKeys(org);
  const inUse = (await context.settings()).publicKey?.value;
  const keys = keysOf(listed).filter(({ revoked }) => options.revoked || !revoked);
  const { dim, green } = context.colours;
  const { width } = context;
  // A public key is there to be copied, so it is never cut; what its prefix and name don't say gives way.
  const roomy = width === undefined || width >= 110;
  const row = (key: Key) => [
    key.shown,
    `${key.name}${key.revoked ? ' (revoked)' : key.shown === inUse ? ' (default)' : ''}`,
    ...(roomy ? [key.type, day(key.createdAt)] : []),
    ago(key.lastUsedAt, new Date()),
  ];
  context.result(listed, () =>
    context.list(
      `No API keys in ${org}. Create one with: pipecat cloud organizations keys create --name NAME`,
      ['KEY', 'NAME', ...(roomy ? ['TYPE', 'CREATED'] : []), 'LAST USED'],
      keys.map(row),
      {
        paint: (text, at) => (keys[at]?.revoked ? dim(text) : keys[at]?.shown === inUse ? green(text) : text),
        plain: {
          headings: ['NAME', 'KEY', 'CREATED', 'STATUS', 'TYPE', 'LAST USED', 'ID'],
          rows: keys.map((key) => [
            key.name,
            key.shown,
            key.createdAt,
            key.revoked ? 'Revoked' : 'Active',
            key.type,
            key.lastUsedAt ?? '',
            key.id,
          ]),
        },
      },
    ),
  );
}
