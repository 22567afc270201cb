import type { CommandContext } from '../../lib/context.js';
import { checkSelf, findToken, type ScopeOptions, scopeOf } from './find-token.js';
import { tokenDetails } from './token-details.js';

export async function showToken(context: CommandContext, wanted: string, options: ScopeOptions) {
  const api = await context.api();
  if (wanted === 'self') await checkSelf(context, "Name the token: 'token list' shows yours.");
  const token =
    wanted === 'self'
      ? (await api.describeToken()).token
      : await findToken(context, api, await scopeOf(context, api, options), wanted, { quiet: true });
  if (wanted === 'self') context.expiry.shown();
  context.result({ token }, () => tokenDetails(context, token));
}
