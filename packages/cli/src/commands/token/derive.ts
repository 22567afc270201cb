import type { DeriveTokenBody } from '@pipecat-cloud/contract/tokens';
import type { CommandContext } from '../../lib/context.js';
import { usageError } from '../../lib/errors.js';
import { minute } from '../../lib/format.js';
import { checkSelf, findToken } from './find-token.js';
import { type GrantOptions, grantOf, type LifetimeOptions, lifetimeOf } from './grant-options.js';
import { showSecret } from './show-value.js';
import { endOf, grantText, nameWithId } from './token-view.js';

export interface DeriveOptions extends GrantOptions, LifetimeOptions {
  name?: string;
  from: string;
  minutes?: number;
  valueOnly?: boolean;
}

/** `token derive`: a narrower, shorter child, which ends with its parent. */
export async function deriveToken(context: CommandContext, options: DeriveOptions) {
  const grant = grantOf(options);
  if (options.minutes !== undefined && (options.days !== undefined || options.expiresAt !== undefined)) {
    throw usageError('Give one of --minutes, --days and --expires-at.');
  }
  const lifetime = options.minutes === undefined ? lifetimeOf(options) : { expiresInMinutes: options.minutes };
  const name = options.name ?? (await context.ask('Name of the derived token', '--name NAME'));
  const body: DeriveTokenBody = { name, ...lifetime, ...(grant ? { grant } : {}) };
  const api = await context.api();
  if (options.from === 'self') await checkSelf(context, "Say from which token: --from ID; 'token list' shows yours.");
  const created =
    options.from === 'self'
      ? await api.deriveSelf(body)
      : await api.deriveToken((await findToken(context, api, { kind: 'own' }, options.from)).id, body);
  const { token, value } = created;
  const end = endOf(token);
  showSecret(context, {
    value,
    data: created,
    valueOnly: options.valueOnly,
    headline: `Token ${nameWithId(token)} is derived: ${grantText(token)}, ${end ? `until ${minute(end)} UTC` : 'without an end'}.`,
    hints: ['Use it: set PIPECAT_TOKEN to it. It ends with its parent at the latest.'],
  });
}
