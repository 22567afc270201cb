import type { CommandContext } from '../../lib/context.js';
import { minute, plural } from '../../lib/format.js';
import { fields } from '../../lib/table.js';
import { tokenTable } from '../token/token-table.js';
import { hasEnded } from '../token/token-view.js';
import { findServiceAccount } from './find.js';

/** `service-accounts show`: the account with its live tokens. */
export async function showServiceAccount(context: CommandContext, name: string) {
  const [api, org] = [await context.api(), await context.org()];
  const account = await findServiceAccount(api, org, name);
  const { tokens } = await api.listServiceAccountTokens(org, account.id);
  const live = tokens.filter((token) => !hasEnded(token));
  context.result({ serviceAccount: account, tokens: live }, () => {
    const head = fields(
      [
        ['Name', account.name],
        ['Id', account.id],
        ['Role', account.role],
        ['State', account.disabledAt ? `disabled since ${minute(account.disabledAt)} UTC` : 'enabled'],
        ...(account.description ? [['Description', account.description] as const] : []),
        ...(account.trusts.length > 0 ? [['Trusts', plural(account.trusts.length, 'issuer')] as const] : []),
      ],
      context.colours.bold,
    );
    return live.length === 0
      ? `${head}\n\nNo live tokens. Create one with: pipecat cloud token create --name NAME --service-account ${account.name}`
      : `${head}\n\n${tokenTable(context, live)}`;
  });
}
