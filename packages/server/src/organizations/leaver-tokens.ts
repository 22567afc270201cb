import type { RemoveMemberBody } from '@pipecat-cloud/contract/members';
import type { Repositories } from '../db/store.js';
import { AppError, badRequest, conflict, notFound } from '../errors.js';
import type { StoredServiceAccount } from '../service-accounts/service-account-repository.js';
import { isLive } from '../tokens/present-token.js';
import type { StoredToken } from '../tokens/stored-token.js';
import { presentTokensIn } from '../tokens/token-reach.js';
import type { StoredMember } from './member-repository.js';

type Fate = NonNullable<RemoveMemberBody['tokens']>[number];
export interface Fates {
  /** Of a rotation that is under way both secrets; adopting one of them takes the other along. */
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
  refuseSplitFamilies(decided);
  return decided;
}

/** A rotation that is under way is one token with two secrets: both go the same way. */
function refuseSplitFamilies({ adopt, end }: Fates): void {
  const goal = new Map(adopt.map(({ token, serviceAccount }) => [token.familyId, serviceAccount.id]));
  const split =
    adopt.find(({ token, serviceAccount }) => goal.get(token.familyId) !== serviceAccount.id)?.token ??
    end.find(({ familyId }) => goal.has(familyId));
  if (!split) return;
  throw badRequest(
    `The token '${split.name}' is being rotated: its old and its new secret must go the same way, to one service account or to their end`,
  );
}

async function undecided(
  repos: Pick<Repositories, 'organizations'>,
  organization: { id: string; name: string },
  member: StoredMember,
  open: readonly StoredToken[],
  now: Date,
): Promise<AppError> {
  const names = open.map(({ name }) => `'${name}'`).join(', ');
  return new AppError(
    409,
    'CONFLICT',
    `${member.email} has live tokens that reach ${organization.name}: ${names}. Say for each of them in \`tokens\` whether a service account adopts it (serviceAccountId) or it ends`,
    { details: { tokens: await presentTokensIn(repos, organization.id, open, now) } },
  );
}
