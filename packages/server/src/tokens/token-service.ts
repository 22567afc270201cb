import type {
  CanAnswer,
  CanQuery,
  CreatedToken,
  CreateTokenBody,
  DeriveTokenBody,
  Grant,
  Token,
} from '@pipecat-cloud/contract/tokens';
import type { AccessCache } from '../access/access-cache.js';
import type { Reach } from '../access/access-facts.js';
import type { Authorizer } from '../access/authorize.js';
import { checkAgent } from '../access/authorize.js';
import type { CredentialDigests } from '../access/credential-digests.js';
import { type Actor, type Principal, tokenOf } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Repositories, Store } from '../db/store.js';
import { AppError, badRequest, notFound } from '../errors.js';
import type { Clock, Ids } from '../system.js';
import { inherit, readGrant, widerThan } from './grants.js';
import { asksForEnd, earlier, outlives, readEnd } from './lifetime.js';
import { permissionUseOf } from './permission-use.js';
import { presentTokens } from './present-token.js';
import type { StoredToken } from './stored-token.js';
import { requireTokenManager, requireWithin } from './token-authority.js';
import { parentOfMade, requireOwnLine, requireParent } from './token-lineage.js';
import { insertToken, makeSecret } from './token-minting.js';
import { refuseUseless, shortestLife } from './token-policies.js';

export interface TokenServiceDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  digests: CredentialDigests;
  authorizer: Authorizer;
}

/** How long a person's token lives when nothing else is asked for. */
const defaultDays = 90;

/** A caller's own tokens, and the one that a request came with. */
export function createTokenService(deps: TokenServiceDeps & { cache: AccessCache }) {
  const { store, clock, ids, audit, authorizer, cache } = deps;

  /** The caller's own token of that id; of `self` the one it came with. Throws 404 for anybody else's. */
  async function findOwn(principal: Principal, id: string): Promise<StoredToken> {
    const wanted = id === 'self' ? tokenOf(principal)?.id : id;
    const token = wanted === undefined ? undefined : await store.tokens.find(wanted);
    if (!token || !owns(principal, token)) throw notFound('Token', id);
    return token;
  }

  async function list(principal: Principal): Promise<StoredToken[]> {
    if (principal.kind === 'user') return await store.tokens.listOfUser(principal.userId);
    if (principal.kind === 'serviceAccount')
      return await store.tokens.listOfServiceAccount(principal.organizationId, principal.serviceAccountId);
    return [];
  }

  return {
    findOwn,

    /** Newest first, ended ones included. */
    async list(principal: Principal): Promise<Token[]> {
      return await presentTokens(store, await list(principal), clock.now());
    },

    /** What a token reads of itself, as pipelines do at each job, is as old as the access cache at most; so is its last use. */
    async get(principal: Principal, id: string): Promise<Token> {
      const read = async () => {
        const stored = await findOwn(principal, id);
        const [token] = await presentTokens(store, [stored], clock.now());
        const used = await store.tokens.permissionsUsed(stored.familyId);
        const permissionUse = permissionUseOf(stored, await authorizer.reach(principal), used);
        return { ...(token as Token), permissionUse };
      };
      const own = id === 'self' && tokenOf(principal);
      // By the clock alone its state changes only to one in which it is refused.
      return own ? await cache.through(`token:${own.id}`, read) : await read();
    },

    /**
     * Makes a personal token. A token may make another only where its grant names `tokens:write`, and never a wider or a
     * longer-lived one; what a derived token makes is its child. One that every organization's policy would stop is refused, and so is a person who lacks the second factor that
     * an organization asks for which the token would reach: the token would be asked for none.
     */
    async create(principal: Principal, actor: Actor, body: CreateTokenBody): Promise<CreatedToken> {
      if (principal.kind !== 'user') throw new Error('Only people make personal tokens');
      requireTokenManager(principal);
      const now = clock.now();
      const reach = await authorizer.reach(principal);
      const grant = readGrant(body.grant ?? {}, reach);
      const reached = reachedBy(grant, reach);
      for (const organization of reached) authorizer.checkSecondFactor(principal, organization);
      const expiresAt = readEnd(body, shortestLife(reached, defaultDays), now);
      requireWithin(principal, grant, expiresAt);
      refuseUseless(reached, { kind: 'personal', createdAt: now.toISOString(), expiresAt });
      const secret = makeSecret(deps, 'personal');
      const id = ids.id();
      return await store.changeAccess(async (repos) => {
        const made = await insertToken(
          repos,
          secret,
          {
            id,
            kind: 'personal',
            userId: principal.userId,
            name: readName(body.name),
            grant,
            createdAt: now.toISOString(),
            expiresAt,
            ...(await parentOfMade(repos, principal, now)),
          },
          now,
        );
        await denyWith(repos, principal, id);
        await audit.record(repos, actor, {
          action: 'token.created',
          organizationId: null,
          target: id,
          detail: { name: body.name, expiresAt, grant },
        });
        return made;
      });
    },

    /**
     * Makes a narrower, shorter child that ends with its parent. What the body leaves out is the parent's. A person may derive from
     * any of their tokens; a token from itself, or with `tokens:write` from another within its own grant; a derived one only from what came from it.
     */
    async derive(principal: Principal, actor: Actor, parentId: string, body: DeriveTokenBody): Promise<CreatedToken> {
      requireTokenManager(principal);
      const reach = await authorizer.reach(principal);
      const wanted = readGrant(body.grant ?? {}, reach);
      const { id: known } = await findOwn(principal, parentId);
      const secretOf = (kind: StoredToken['kind']) => makeSecret(deps, kind);
      const id = ids.id();
      return await store.changeAccess(async (repos) => {
        const now = clock.now();
        const parent = await requireParent(repos, known, now);
        await requireOwnLine(repos, principal, parent);
        const grant = inherit(wanted, parent.grant);
        const wider = widerThan(grant, parent.grant);
        if (wider) throw badRequest(wider);
        for (const organization of reachedBy(grant, reach)) authorizer.checkSecondFactor(principal, organization);
        const expiresAt = asksForEnd(body) ? readEnd(body, null, now) : parent.expiresAt;
        if (outlives(expiresAt, parent.expiresAt))
          throw badRequest(`A derived token may not outlive its parent, which expires at ${parent.expiresAt}`);
        requireWithin(principal, grant, earlier(expiresAt, parent.endsAt));
        const owner = ownerColumns(parent);
        const made = await insertToken(
          repos,
          secretOf(parent.kind),
          {
            id,
            kind: parent.kind,
            ...owner,
            name: readName(body.name),
            grant,
            createdAt: now.toISOString(),
            expiresAt,
            parentId: parent.id,
            createdBy: actor.id,
          },
          now,
        );
        await denyWith(repos, principal, id);
        await audit.record(repos, actor, {
          action: 'token.derived',
          organizationId: owner.serviceAccount?.organizationId ?? null,
          target: id,
          detail: { name: body.name, parent: parent.id, expiresAt, grant },
        });
        return made;
      });
    },

    /** Once this has returned, no control plane here accepts the token, nor what was derived from it. May be repeated. */
    async revoke(principal: Principal, actor: Actor, id: string): Promise<void> {
      const token = await findOwn(principal, id);
      if (tokenOf(principal)?.id !== token.id) requireTokenManager(principal);
      const by = principal.kind === 'user' ? principal.userId : token.owner.id;
      await store.changeAccess(async (repos) => {
        const revocation = { by, cause: 'owner', reason: 'revoked by its owner' } as const;
        if ((await repos.tokens.revoke([token.id], revocation, clock.now())).length === 0) return;
        await audit.record(repos, actor, {
          action: 'token.revoked',
          organizationId: token.owner.kind === 'serviceAccount' ? token.owner.organizationId : null,
          target: token.id,
          detail: { name: token.name, cause: 'owner' },
        });
      });
    },

    /** What would happen to a request with this credential that needs the permission, from this address. Never throws the refusal. */
    async can(principal: Principal, address: string, query: CanQuery): Promise<CanAnswer> {
      const { permission, agent } = query;
      const first = (await authorizer.reach(principal))[0];
      const organization = query.organization ?? first?.name ?? null;
      try {
        if (organization === null) throw badRequest('This credential reaches no organization');
        const access = await authorizer.authorize(principal, organization, { needs: permission }, address);
        if (agent !== undefined) checkAgent(access, agent);
        return { allowed: true, permission, organization };
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        const { reason } = error.details;
        return {
          allowed: false,
          permission,
          organization,
          ...(typeof reason === 'string' ? { reason } : {}),
          error: error.message,
        };
      }
    },
  };
}
export type TokenService = ReturnType<typeof createTokenService>;

export function owns(principal: Principal, { owner }: StoredToken): boolean {
  if (principal.kind === 'user') return owner.kind === 'user' && owner.id === principal.userId;
  return (
    principal.kind === 'serviceAccount' && owner.kind === 'serviceAccount' && owner.id === principal.serviceAccountId
  );
}

/** How the owner is given to a new token of the same owner. */
export function ownerColumns({ owner }: StoredToken) {
  return owner.kind === 'user'
    ? { userId: owner.id }
    : { userId: null, serviceAccount: { id: owner.id, organizationId: owner.organizationId } };
}

/** Of what its owner reaches, what a token with this grant does. */
export function reachedBy(grant: Grant, reach: readonly Reach[]): readonly Reach[] {
  return reach.filter(({ id }) => grant.organizations?.includes(id) ?? true);
}

/** A token that an organization denied does not come back there by a token whose secret it gets: one that it makes, or the successor of another. */
export async function denyWith(repos: Repositories, principal: Principal, id: string): Promise<void> {
  const maker = tokenOf(principal);
  if (maker) await repos.policies.copyDenials(maker.id, id);
}

export function readName(text: string): string {
  const name = text.trim();
  if (name === '') throw badRequest('A token needs a name that says where it is used');
  return name;
}
