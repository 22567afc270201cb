import type { CommandContext } from '../../lib/context.js';
import { checkRegion } from '../../lib/regions.js';
import { table } from '../../lib/table.js';

export async function listSecrets(context: CommandContext, set: string | undefined, { region }: { region?: string }) {
  const [api, org] = [await context.api(), await context.org()];
  const look = { width: context.width, head: context.colours.bold };
  if (set !== undefined) {
    const found = await api.getSecretSet(org, set);
    const keys = found.secrets.map(({ fieldName }) => fieldName);
    return context.result({ name: set, ...found }, () =>
      keys.length === 0
        ? `${set} has no keys.`
        : table(
            ['KEY'],
            keys.map((key) => [key]),
            look,
          ),
    );
  }
  await checkRegion(api, org, region);
  const { sets } = await api.listSecretSets(org, region === undefined ? {} : { region });
  context.result({ sets }, () =>
    sets.length === 0
      ? `No secret sets in ${org}. Make one with: pipecat cloud secrets set NAME --file .env`
      : table(
          ['NAME', 'TYPE', 'REGION', 'STATUS'],
          sets.map(({ name, type, region: at, status }) => [
            name,
            type === 'imagePullSecret' ? 'image pull secret' : 'secrets',
            at,
            status ?? '-',
          ]),
          look,
        ),
  );
}
