import type { Client } from '@pipecat-cloud/contract/client';
import type { PanicBody, PanicResult } from '@pipecat-cloud/contract/tokens';
import type { CommandContext } from '../../lib/context.js';
import { usageError } from '../../lib/errors.js';
import { plural, time } from '../../lib/format.js';
import { findMember } from '../organizations/members/find.js';
import { findServiceAccount } from '../service-accounts/find.js';
import { tokenTable } from './token-table.js';

export interface PanicOptions {
  /** ISO 8601. */
  since: string;
  user?: string;
  serviceAccount?: string;
  organization?: string;
  force?: boolean;
  yes?: boolean;
}

/**
 * `token panic`: revokes what was issued or used since a time. Own tokens; or those of a person or a service account; or, only
 * where `-o` stands on the command line, every token that reaches the organization.
 */
export async function panic(context: CommandContext, options: PanicOptions) {
  const { since, user, serviceAccount, force, yes } = options;
  if (user !== undefined && serviceAccount !== undefined)
    throw usageError('Give --user or --service-account, not both.');
  const api = await context.api();
  const { what, revoke } = await targetOf(context, api, options);
  if (!force && !yes)
    await context.confirm(`Revoke ${what} issued or used since ${time(since)} UTC? There is no way back.`, '--force');
  const { revoked } = await revoke({ since });
  context.expiry.shown();
  context.result({ since, revoked }, () =>
    revoked.length === 0
      ? `Nothing to revoke: no live token was issued or used since ${time(since)} UTC.`
      : `${context.colours.red(`${plural(revoked.length, 'token')} revoked`)}, issued or used since ${time(since)} UTC:\n${tokenTable(context, revoked, { owners: true })}`,
  );
}

interface Target {
  what: string;
  revoke(body: PanicBody): Promise<PanicResult>;
}

async function targetOf(context: CommandContext, api: Client, options: PanicOptions): Promise<Target> {
  const { user, serviceAccount, organization } = options;
  if (user === undefined && serviceAccount === undefined && organization === undefined) {
    return { what: 'all your own tokens', revoke: (body) => api.panic(body) };
  }
  const org = await context.org();
  if (user !== undefined) {
    const { userId, email } = await findMember(api, org, user);
    return {
      what: `${email}'s tokens that reach ${org}`,
      revoke: (body) => api.panicOrganization(org, { ...body, userId }),
    };
  }
  if (serviceAccount !== undefined) {
    const { id, name } = await findServiceAccount(api, org, serviceAccount);
    return {
      what: `all tokens of the service account ${name}`,
      revoke: (body) => api.panicOrganization(org, { ...body, serviceAccountId: id }),
    };
  }
  return { what: `EVERY token that reaches ${org}`, revoke: (body) => api.panicOrganization(org, body) };
}
