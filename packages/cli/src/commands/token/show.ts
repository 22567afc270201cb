import type { Token } from '@pipecat-cloud/contract/tokens';
import type { CommandContext } from '../../lib/context.js';
import { checkSelf, findToken, type ScopeOptions, scopeOf } from './find-token.js';
import { tokenDetails } from './token-details.js';

export async function showToken(context: CommandContext, wanted: string, options: ScopeOptions) {
  const api = await context.api();
  if (wanted === 'self') await checkSelf(context, "Name the token: 'token list' shows yours.");
  const token = wanted === 'self' ? (await api.describeToken()).token : await find();

  /** What was used is told of one's own tokens, each on its own. */
  async function find(): Promise<Token> {
    const scope = await scopeOf(context, api, options);
    const found = await findToken(context, api, scope, wanted, { quiet: true });
    return scope.kind === 'own' ? (await api.getToken(found.id)).token : found;
  }
  if (wanted === 'self') context.expiry.shown();
  context.result({ token }, () => tokenDetails(context, token));
}
