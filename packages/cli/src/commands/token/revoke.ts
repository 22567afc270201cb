import type { Client } from '@pipecat-cloud/contract/client';
import type { Token } from '@pipecat-cloud/contract/tokens';
import type { CommandContext } from '../../lib/context.js';
import { minute } from '../../lib/format.js';
import { checkSelf, findToken, isSelf, type Scope, type ScopeOptions, scopeOf } from './find-token.js';
import { hasEnded, nameWithId } from './token-view.js';

export interface RevokeOptions extends ScopeOptions {
  force?: boolean;
  yes?: boolean;
}

/** `token revoke`: at once and for good, with everything derived from it. */
export async function revokeToken(context: CommandContext, wanted: string, options: RevokeOptions) {
  const api = await context.api();
  if (wanted === 'self')
    await checkSelf(context, "Name the token: 'token list' shows yours; 'auth logout' ends the sign-in.");
  const scope = await scopeOf(context, api, options);
  const token = wanted === 'self' ? (await api.describeToken()).token : await findToken(context, api, scope, wanted);
  if (hasEnded(token)) {
    context.result(
      { status: 'OK', token },
      () => `${nameWithId(token)} is ${token.state} already; nothing was changed.`,
    );
    return;
  }
  const self = wanted === 'self' || (await isSelf(context, api, token));
  if (!options.force && !options.yes) await context.confirm(question(token, scope, self), '--force');
  const answer = await revoke(api, scope, token, self);
  if (self) context.expiry.shown();
  context.result({ ...answer, token: { id: token.id, name: token.name } }, () =>
    scope.kind === 'organization'
      ? `${nameWithId(token)} of ${token.owner.name} no longer reaches ${scope.org}.`
      : `${nameWithId(token)} is revoked, and whatever was derived from it.`,
  );
  if (self && (await context.settings()).token?.source === 'file') {
    context.note("The credentials file still holds it: 'auth logout' removes it.");
  }
}

function revoke(api: Client, scope: Scope, token: Token, self: boolean): Promise<{ status: 'OK' }> {
  if (scope.kind === 'organization') return api.endOrganizationToken(scope.org, token.id);
  if (scope.kind === 'serviceAccount') return api.revokeServiceAccountToken(scope.org, scope.id, token.id);
  return self ? api.revokeSelf() : api.revokeToken(token.id);
}

function question(token: Token, scope: Scope, self: boolean): string {
  const used = token.lastUsedAt ? `It was last used ${minute(token.lastUsedAt)} UTC` : 'It was never used';
  const run = token.lastUsedCiRun ? `, by ${token.lastUsedCiRun}` : '';
  const what =
    scope.kind === 'organization'
      ? `Stop ${nameWithId(token)} of ${token.owner.name} from reaching ${scope.org}?`
      : `Revoke ${nameWithId(token)}${self ? ', the token in use' : ''}?`;
  return `${what} ${used}${run}.`;
}
