import type { CommandContext } from '../../lib/context.js';
import { checkRegion } from '../../lib/regions.js';

export async function listSecrets(context: CommandContext, set: string | undefined, { region }: { region?: string }) {
  const [api, org] = [await context.api(), await context.org()];
  if (set !== undefined) {
    const found = await api.getSecretSet(org, set);
    const keys = found.secrets.map(({ fieldName }) => fieldName);
    return context.result({ name: set, ...found }, () =>
      context.list(
        `${set} has no keys.`,
        ['KEY'],
        keys.map((key) => [key]),
      ),
    );
  }
  await checkRegion(api, org, region);
  const { sets } = await api.listSecretSets(org, region === undefined ? {} : { region });
  const typeText = (type: string) => (type === 'imagePullSecret' ? 'image pull secret' : 'secrets');
  context.result({ secretSets: sets }, () =>
    context.list(
      `No secret sets in ${org}. Make one with: pipecat cloud secrets set NAME --file .env`,
      ['NAME', 'TYPE', 'REGION', 'STATUS', 'USED BY'],
      sets.map(({ name, type, region: at, status, usedBy = [] }) => [
        ...[name, typeText(type), at, status ?? '-'],
        usedBy.join(', ') || '-',
      ]),
      {
        plain: {
          headings: ['NAME', 'REGION', 'STATUS', 'TYPE'],
          rows: sets.map(({ name, type, region: at, status }) => [name, at, status ?? 'unknown', typeText(type)]),
        },
      },
    ),
  );
}
