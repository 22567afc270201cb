import type { CommandContext } from '../../lib/context.js';
import { day } from '../../lib/format.js';

export async function listServiceAccounts(context: CommandContext) {
  const [api, org] = [await context.api(), await context.org()];
  const { serviceAccounts } = await api.listServiceAccounts(org);
  const { dim } = context.colours;
  context.result({ serviceAccounts }, () =>
    context.list(
      `No service accounts in ${org}. Create one with: pipecat cloud service-accounts create NAME --role developer`,
      ['NAME', 'ROLE', 'STATE', 'TOKENS', 'CREATED', 'DESCRIPTION'],
      serviceAccounts.map((account) => [
        account.name,
        account.role,
        account.disabledAt ? 'disabled' : 'enabled',
        String(account.liveTokens),
        day(account.createdAt),
        account.description || '-',
      ]),
      {
        paint: (text, row) => (serviceAccounts[row]?.disabledAt ? dim(text) : text),
      },
    ),
  );
}
