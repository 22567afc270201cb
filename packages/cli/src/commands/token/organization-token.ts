import type { CommandContext } from '../../lib/context.js';
import { findServiceAccount } from '../service-accounts/find.js';
import { findToken } from './find-token.js';
import { nameWithId } from './token-view.js';

/** `token adopt`: a person's token becomes a service account's, with the secret that pipelines already hold. */
export async function adoptToken(context: CommandContext, wanted: string, options: { serviceAccount: string }) {
  const [api, org] = [await context.api(), await context.org()];
  const account = await findServiceAccount(api, org, options.serviceAccount);
  const before = await findToken(context, api, { kind: 'organization', org }, wanted);
  const { token } = await api.adoptToken(org, before.id, account.id);
  context.result(
    { token, from: before.owner },
    () =>
      `${nameWithId(token)} belongs to the service account ${account.name} now, before to ${before.owner.name}; its secret is the same.`,
  );
}

export const approveToken = (context: CommandContext, wanted: string) => decide(context, wanted, 'approved');
export const denyToken = (context: CommandContext, wanted: string) => decide(context, wanted, 'denied');

async function decide(context: CommandContext, wanted: string, state: 'approved' | 'denied') {
  const [api, org] = [await context.api(), await context.org()];
  const token = await findToken(context, api, { kind: 'organization', org }, wanted);
  const answer = await api.decideOnToken(org, token.id, { state });
  context.result({ ...answer, token: { id: token.id, name: token.name }, state }, () =>
    state === 'approved'
      ? `${nameWithId(token)} of ${token.owner.name} may reach ${org}.`
      : `${nameWithId(token)} of ${token.owner.name} may not reach ${org}.`,
  );
}
