import type { Token } from '@pipecat-cloud/contract/tokens';
import type { Repositories } from '../db/store.js';
import { presentTokens } from './present-token.js';
import type { StoredToken } from './stored-token.js';

type OrganizationRepositories = Pick<Repositories, 'organizations'>;

/** Ids of those of the tokens that reach another organization too, by what their owners are members of now. */
export async function reachingOthers(
  repos: OrganizationRepositories,
  organizationId: string,
  tokens: readonly StoredToken[],
): Promise<ReadonlySet<string>> {
  const people = new Set(tokens.flatMap(({ owner }) => (owner.kind === 'user' ? [owner.id] : [])));
  const memberships = await repos.organizations.idsOfUsers([...people]);
  const reachesOther = ({ owner, grant }: StoredToken) =>
    (memberships.get(owner.id) ?? []).some(
      (id) => id !== organizationId && (grant.organizations?.includes(id) ?? true),
    );
  return new Set(tokens.filter(reachesOther).map(({ id }) => id));
}

/**
 * As `presentTokens`, for people of one organization that the tokens reach: without the names of others, and of a token that reaches
 * others without where it was last used, which may be their business. When it was used stays: policies go by that.
 */
export async function presentTokensIn(
  repos: OrganizationRepositories,
  organizationId: string,
  tokens: readonly StoredToken[],
  now: Date,
): Promise<Token[]> {
  const elsewhere = await reachingOthers(repos, organizationId, tokens);
  const usedOutOfSight = { lastUsedAddress: null, lastUsedUserAgent: null, lastUsedCiRun: null };
  const shown = tokens.map((token) => ({
    ...token,
    grant: token.grant.organizations ? { ...token.grant, organizations: [organizationId] } : token.grant,
    ...(elsewhere.has(token.id) ? usedOutOfSight : {}),
  }));
  return await presentTokens(repos, shown, now);
}
