import type { CommandContext } from '../../../lib/context.js';
import { day, minute } from '../../../lib/format.js';
import { table } from '../../../lib/table.js';
import { keysOf } from './find.js';

export async function listKeys(context: CommandContext, options: { revoked?: boolean }) {
  const [api, org] = [await context.api(), await context.org()];
  const listed = await api.listApiKeys(org);
  const inUse = (await context.settings()).publicKey?.value;
  const keys = keysOf(listed).filter(({ revoked }) => options.revoked || !revoked);
  const { bold, dim, green } = context.colours;
  context.result(listed, () =>
    keys.length === 0
      ? `No API keys in ${org}. Create one with: pipecat cloud organizations keys create --name NAME`
      : table(
          ['NAME', 'KEY', 'TYPE', 'CREATED', 'LAST USED (UTC)', 'DEFAULT'],
          keys.map((key) => [
            key.name,
            key.shown,
            key.revoked ? `${key.type}, revoked` : key.type,
            day(key.createdAt),
            key.lastUsedAt ? minute(key.lastUsedAt) : 'never',
            key.shown === inUse ? 'yes' : '',
          ]),
          {
            width: context.width,
            head: bold,
            paint: (text, row) => (keys[row]?.revoked ? dim(text) : keys[row]?.shown === inUse ? green(text) : text),
          },
        ),
  );
}
