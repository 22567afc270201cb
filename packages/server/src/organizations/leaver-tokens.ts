import type { RemoveMemberBody } from '@pipecat-cloud/contract/members';
import type { Repositories } from '../db/store.js';
import { AppError, badRequest, conflict, notFound } from '../errors.js';
import type { StoredServiceAccount } from '../service-accounts/service-account-repository.js';
import { isLive, presentTokens } from '../tokens/present-token.js';
import type { StoredToken } from '../tokens/token-repository.js';
import type { StoredMember } from './member-repository.js';

type Fate = NonNullable<RemoveMemberBody['tokens']>[number];
export interface Fates {
  adopt: { token: StoredToken; serviceAccount: StoredServiceAccount }[];
  end: StoredToken[];
}

/** Live tokens of a member that reach the organization: unless their grant leaves it out, all of them. */
export async function liveTokensOf(
  repos: Pick<Repositories, 'tokens'>,
  organizationId: string,
  userId: string,
  now: Date,
): Promise<StoredToken[]> {
  const tokens = await repos.tokens.listOfUser(userId);
  return tokens.filter((token) => isLive(token, now) && (token.grant.organizations?.includes(organizationId) ?? true));
}

/** Bound to this organization by its grant: without it there is nothing that the token could be for. */
export function reachesOnly({ grant }: StoredToken, organizationId: string): boolean {
  return grant.organizations?.every((id) => id === organizationId) ?? false;
}

/**
 * What the body says of each live token of the person. Throws 409 with those it does not name, and refuses what it names wrongly:
 * a token that is none of theirs, one named twice, one to be adopted that has ended meanwhile.
 */
export async function decideFates(
  repos: Repositories,
  organization: { id: string; name: string },
  member: StoredMember,
  named: readonly Fate[],
  now: Date,
): Promise<Fates> {
  const fates = new Map(named.map((fate) => [fate.id, fate]));
  if (fates.size < named.length) throw badRequest('A token is named twice in `tokens`');
  const live = await liveTokensOf(repos, organization.id, member.userId, now);
  for (const fate of named) {
    if (live.some(({ id }) => id === fate.id)) continue;
    if (!(await repos.tokens.findOfUser(member.userId, fate.id)))
      throw badRequest(`${member.email} has no token '${fate.id}' that reaches ${organization.name}`);
    // That a token to be ended has ended is no reason to stop.
    if (fate.serviceAccountId !== undefined)
      throw conflict(
        `The token '${fate.id}' can't be handed over: it has ended, or does not reach ${organization.name}`,
      );
  }
  const open = live.filter(({ id }) => !fates.has(id));
  if (open.length > 0) throw await undecided(repos, organization, member, open, now);

  const decided: Fates = { adopt: [], end: [] };
  for (const token of live) {
    const idOrName = fates.get(token.id)?.serviceAccountId;
    if (idOrName === undefined) {
      decided.end.push(token);
      continue;
    }
    const serviceAccount = await repos.serviceAccounts.findByIdOrName(organization.id, idOrName);
    if (!serviceAccount) throw notFound('Service account', idOrName);
    decided.adopt.push({ token, serviceAccount });
  }
  return decided;
}

async function undecided(
  repos: Pick<Repositories, 'organizations'>,
  organization: { name: string },
  member: StoredMember,
  open: readonly StoredToken[],
  now: Date,
): Promise<AppError> {
  const names = open.map(({ name }) => `'${name}'`).join(', ');
  return new AppError(
    409,
    'CONFLICT',
    `${member.email} has live tokens that reach ${organization.name}: ${names}. Say for each of them in \`tokens\` whether a service account adopts it (serviceAccountId) or it ends`,
    { details: { tokens: await presentTokens(repos, open, now) } },
  );
}
