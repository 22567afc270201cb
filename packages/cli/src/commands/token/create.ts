import type { CreateTokenBody } from '@pipecat-cloud/contract/tokens';
import type { CommandContext } from '../../lib/context.js';
import { usageError } from '../../lib/errors.js';
import { scopeOf } from './find-token.js';
import { type GrantOptions, grantOf, type LifetimeOptions, lifetimeOf } from './grant-options.js';
import { showSecret } from './show-value.js';
import { grantText, nameWithId, untilSentence } from './token-view.js';

export interface CreateOptions extends GrantOptions, LifetimeOptions {
  name?: string;
  serviceAccount?: string;
  organization?: string;
  valueOnly?: boolean;
}

/** `token create`: one of the caller's own, or of a service account. */
export async function createToken(context: CommandContext, options: CreateOptions) {
  const [grant, lifetime] = [grantOf(options), lifetimeOf(options)];
  if (options.organization !== undefined && options.serviceAccount === undefined) {
    // Somebody may take it for a restriction, and would hold a token that is wider than they think.
    throw usageError(
      '--organization only says where --service-account is.',
      `For a token that reaches one organization alone: --organization-only ${options.organization}`,
    );
  }
  const name = options.name ?? (await context.ask('Name of the token', '--name NAME'));
  const body: CreateTokenBody = { name, ...lifetime, ...(grant ? { grant } : {}) };
  const api = await context.api();
  const scope = await scopeOf(
    context,
    api,
    options.serviceAccount === undefined ? {} : { serviceAccount: options.serviceAccount },
  );
  const created =
    scope.kind === 'serviceAccount'
      ? await api.createServiceAccountToken(scope.org, scope.id, body)
      : await api.createToken(body);
  const { token, value } = created;
  showSecret(context, {
    value,
    data: created,
    valueOnly: options.valueOnly,
    headline: `Token ${nameWithId(token)} of ${token.owner.name} is made: ${grantText(token)}, ${untilSentence(token)}.`,
    hints: ['Use it: set PIPECAT_TOKEN to it, or store it with: pipecat cloud auth use-pat'],
  });
}
