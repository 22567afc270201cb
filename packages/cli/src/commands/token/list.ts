import type { Client } from '@pipecat-cloud/contract/client';
import type { CommandContext } from '../../lib/context.js';
import { plural } from '../../lib/format.js';
import { type Scope, type ScopeOptions, scopeOf, tokensIn } from './find-token.js';
import { tokenTable } from './token-table.js';
import { hasEnded } from './token-view.js';

export interface ListOptions extends ScopeOptions {
  ended?: boolean;
}

/** `token list`: live ones, and with `--ended` those that have stopped. */
export async function listTokens(context: CommandContext, options: ListOptions) {
  const api = await context.api();
  const scope = await scopeOf(context, api, options);
  const [all, approvals] = await Promise.all([tokensIn(api, scope), approvalRequired(api, scope)]);
  const live = all.filter((token) => !hasEnded(token));
  const tokens = options.ended ? [...live, ...all.filter(hasEnded)] : live;
  const hiddenCount = all.length - tokens.length;
  const { dim } = context.colours;
  context.result({ tokens }, () =>
    tokens.length === 0
      ? nothing(scope)
      : tokenTable(context, tokens, { owners: scope.kind === 'organization', approvals }),
  );
  if (hiddenCount > 0 && !context.json) {
    context.note(dim(`${plural(hiddenCount, 'token')} that ended: shown with --ended.`));
  }
}

/** The list says of each token what was decided; whether that matters is the policy's. */
async function approvalRequired(api: Client, scope: Scope): Promise<boolean> {
  if (scope.kind !== 'organization') return false;
  return (await api.getPolicy(scope.org)).policy.approvalRequired;
}

function nothing(scope: Scope): string {
  const live = 'No live tokens';
  if (scope.kind === 'organization') return `${live} reach ${scope.org}.`;
  return scope.kind === 'own'
    ? `${live}. Create one with: pipecat cloud token create --name NAME`
    : `${live}. Create one with: pipecat cloud token create --name NAME --service-account ${scope.name}`;
}
