import { maskToken } from '@pipecat-cloud/contract/token-format';
import type { CreatedToken, CreateTokenBody, Grant, Token } from '@pipecat-cloud/contract/tokens';
import type { Authenticator } from '../access/authenticator.js';
import { reachableOrganizations } from '../access/authorize.js';
import { type CredentialDigests, mintCredential } from '../access/credential-digests.js';
import type { Actor, Principal } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import { badRequest, forbidden, notFound } from '../errors.js';
import type { Clock, Ids } from '../system.js';
import { presentTokens } from './present-token.js';
import type { NewToken, StoredToken } from './token-repository.js';

interface TokenServiceDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  digests: CredentialDigests;
  authenticator: Pick<Authenticator, 'evict'>;
}

const dayMs = 24 * 60 * 60 * 1000;
/** How long a person's token lives when nothing else is asked for. */
const defaultDays = 90;

export function createTokenService({ store, clock, ids, audit, digests, authenticator }: TokenServiceDeps) {
  return {
    async list(principal: Principal): Promise<Token[]> {
      return await presentTokens(store, await store.tokens.listOfUser(userOf(principal)), clock.now());
    },

    /** The token that the request came with. */
    async describe(principal: Principal): Promise<Token> {
      if (principal.kind !== 'user' || principal.via !== 'token')
        throw badRequest('This request carries no token to describe');
      const token = await store.tokens.findOfUser(principal.userId, principal.token.id);
      if (!token) throw notFound('Token', principal.token.id);
      const [presented] = await presentTokens(store, [token], clock.now());
      return presented as Token;
    },

    /**
     * Makes a personal token. A token may make another only where its grant says `tokens:write`, and never a wider or a
     * longer-lived one.
     */
    async create(principal: Principal, actor: Actor, body: CreateTokenBody): Promise<CreatedToken> {
      const now = clock.now();
      const days = body.expiresInDays === undefined ? defaultDays : body.expiresInDays;
      const expiresAt = days === null ? null : new Date(now.getTime() + days * dayMs).toISOString();
      const grant: Grant = body.grant ?? {};
      if (principal.kind === 'user' && principal.via === 'token') refuseWider(principal.token, grant, expiresAt);
      const reachable = new Set((await reachableOrganizations(store, principal)).flatMap(({ id, name }) => [id, name]));
      const unknown = grant.organizations?.find((name) => !reachable.has(name));
      if (unknown !== undefined) throw badRequest(`You are not a member of an organization '${unknown}'`);

      const { value } = mintCredential(ids, 'personal');
      const { digest, pepperId } = digests.current(value);
      const token: NewToken = {
        id: ids.id(),
        kind: 'personal',
        userId: userOf(principal),
        name: body.name,
        digest,
        pepperId,
        masked: maskToken(value),
        legacy: false,
        grant,
        createdAt: now.toISOString(),
        expiresAt,
      };
      await store.transaction(async (repos) => {
        await repos.tokens.insert(token);
        await audit.record(repos, actor, {
          action: 'token.created',
          organizationId: null,
          target: token.id,
          detail: { name: token.name, expiresAt, grant },
        });
      });
      const stored = (await store.tokens.find(token.id)) as StoredToken;
      const [presented] = await presentTokens(store, [stored], now);
      return { token: presented as Token, value };
    },

    /** Once this has returned, nothing more is accepted with that token by this process. */
    async revoke(principal: Principal, actor: Actor, id: string): Promise<void> {
      const token = await store.tokens.findOfUser(userOf(principal), id);
      if (!token) throw notFound('Token', id);
      const ownRequest = principal.kind === 'user' && principal.via === 'token' && principal.token.id === id;
      if (principal.kind === 'user' && principal.via === 'token' && !ownRequest && !holds(principal.token.grant))
        throw mayNotManage();
      await store.transaction(async (repos) => {
        if (
          (
            await repos.tokens.revoke(
              [id],
              { by: userOf(principal), cause: 'owner', reason: 'revoked by its owner' },
              clock.now(),
            )
          ).length === 0
        )
          return;
        await audit.record(repos, actor, { action: 'token.revoked', organizationId: null, target: id });
      });
      authenticator.evict();
    },
  };
}
export type TokenService = ReturnType<typeof createTokenService>;

function userOf(principal: Principal): string {
  if (principal.kind !== 'user') throw new Error('Only people own personal tokens');
  return principal.userId;
}

const holds = (grant: Grant) => grant.permissions?.includes('tokens:write') === true;
const mayNotManage = () =>
  forbidden(
    'missing_permission',
    'This token may not make or revoke other tokens: that needs tokens:write, named when the token was made. Sign in to the dashboard instead',
    { 'www-authenticate': 'Bearer error="insufficient_scope", scope="tokens:write"' },
  );

function refuseWider(parent: { grant: Grant; expiresAt: string | null }, child: Grant, expiresAt: string | null): void {
  if (!holds(parent.grant)) throw mayNotManage();
  const tooLong = parent.expiresAt !== null && (expiresAt === null || expiresAt > parent.expiresAt);
  if (tooLong) throw badRequest(`A token may not outlive the one that makes it, which expires at ${parent.expiresAt}`);
  if (!within(child.permissions, parent.grant.permissions))
    throw badRequest('A token may not hold permissions that the one making it lacks');
  if (!within(child.organizations, parent.grant.organizations))
    throw badRequest('A token may not reach organizations that the one making it cannot');
}

/** An absent list means no restriction. */
function within(child: readonly string[] | undefined, parent: readonly string[] | undefined): boolean {
  return parent === undefined || (child?.every((entry) => parent.includes(entry)) ?? false);
}
