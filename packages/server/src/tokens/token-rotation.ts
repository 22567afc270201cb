import type { RotatedToken, RotateTokenBody } from '@pipecat-cloud/contract/tokens';
import type { Reach } from '../access/access-facts.js';
import { type Actor, type Principal, tokenOf } from '../access/principal.js';
import type { Repositories } from '../db/store.js';
import { badRequest, conflict } from '../errors.js';
import { asksForEnd, earlier, readEnd } from './lifetime.js';
import { isLive, isPast, stateOf } from './present-token.js';
import type { StoredToken } from './stored-token.js';
import { requireTokenManager, requireWithin } from './token-authority.js';
import { notInUse, requireOwnLine } from './token-lineage.js';
import { insertToken, makeSecret, presentToken } from './token-minting.js';
import { shortestLife } from './token-policies.js';
import { denyWith, ownerColumns, reachedBy, type TokenServiceDeps } from './token-service.js';

const defaultOverlapHours = 24;
const hourMs = 60 * 60 * 1000;

/**
 * Two-phase rotation: `rotate` makes a pending successor; the predecessor ends at the successor's first use, or at the deadline.
 * A retried `rotate` gives a fresh secret to the same successor, so a lost answer locks nobody out; the predecessor goes on
 * meanwhile. Nothing that a token does can prolong its own life: only a signed-in person gives a successor a new end.
 */
export function createTokenRotation(deps: TokenServiceDeps) {
  const { store, clock, ids, audit, authorizer } = deps;

  /** The successor's end. Never past that of the parent, nor past what a policy allows by itself. */
  function endOf(
    principal: Principal,
    reach: readonly Reach[],
    token: StoredToken,
    parent: StoredToken | undefined,
    body: RotateTokenBody,
    now: Date,
  ): string | null {
    if (tokenOf(principal)) {
      if (asksForEnd(body))
        throw badRequest('A token cannot set the end of its successor: sign in as a person to give it a new life');
      return token.expiresAt;
    }
    const limit = parent?.expiresAt ?? null;
    if (asksForEnd(body)) {
      const wanted = readEnd(body, null, now);
      if (parent && earlier(wanted, limit) !== wanted)
        throw badRequest(`A derived token may not outlive its parent, which expires at ${limit}`);
      return wanted;
    }
    if (token.expiresAt === null) return limit;
    const lifeMs = Date.parse(token.expiresAt) - Date.parse(token.createdAt);
    const cappedMs = Math.min(lifeMs, shortestLife(reachedOf(token, reach), 3650) * 24 * hourMs);
    return earlier(new Date(now.getTime() + cappedMs).toISOString(), limit);
  }

  return {
    /**
     * `token` is one that the caller may know of. Throws 409 for one that is over or was never used, 403 for a person who lacks the second
     * factor that an organization of the token asks for.
     */
    async rotate(
      principal: Principal,
      actor: Actor,
      { id: tokenId, parentId }: StoredToken,
      body: RotateTokenBody,
    ): Promise<RotatedToken> {
      const itself = tokenOf(principal)?.id === tokenId;
      if (!itself) requireTokenManager(principal);
      const reach = await authorizer.reach(principal);
      return await store.changeAccess(async (repos) => {
        const now = clock.now();
        // The parent first, in the order in which an end runs down: a successor that it does not see yet would outlive it.
        if (parentId) await repos.tokens.lock(parentId);
        await repos.tokens.lock(tokenId);
        const parent = parentId ? await repos.tokens.find(parentId) : undefined;
        if (parent && !isLive(parent, now)) throw notInUse(parent, now);
        const token = (await repos.tokens.find(tokenId)) as StoredToken;
        if (!isLive(token, now) || stateOf(token, now) === 'pending') throw notInUse(token, now);
        for (const organization of reachedOf(token, reach)) authorizer.checkSecondFactor(principal, organization);
        const expiresAt = endOf(principal, reach, token, parent, body, now);
        if (!itself) {
          await requireOwnLine(repos, principal, token);
          requireWithin(principal, token.grant, earlier(expiresAt, parent?.endsAt ?? null));
        }
        const made = await makeSuccessor(repos, actor, token, expiresAt, now);
        await denyWith(repos, principal, made.token.id);

        const overlapHours = body.overlapHours ?? defaultOverlapHours;
        if (overlapHours === 0) {
          const why = { by: actor.id, cause: 'rotation', reason: 'replaced at once by its successor' } as const;
          await repos.tokens.revoke([token.id], why, now);
        } else await repos.tokens.endAt(token.id, new Date(now.getTime() + overlapHours * hourMs));
        await audit.record(repos, actor, {
          action: 'token.rotated',
          organizationId: organizationOfOwner(token),
          target: token.id,
          detail: { name: token.name, successor: made.token.id, overlapHours, expiresAt },
        });
        return { ...made, predecessor: await presentToken(repos, token.id, now) };
      });
    },

    /**
     * Called by the authenticator: the successor works, so what it replaced is over. May be repeated and raced. Resolves to the successor
     * as it is now: one that ended with its predecessor, or whose predecessor was ended by anything but a rotation, is revoked.
     */
    async confirm({ id, predecessorId }: Pick<StoredToken, 'id' | 'predecessorId'>): Promise<StoredToken> {
      return await store.changeAccess(async (repos) => {
        await activate(repos, id, predecessorId, clock.now());
        return (await repos.tokens.find(id)) as StoredToken;
      });
    },
  };

  async function activate(repos: Repositories, id: string, predecessorId: string | null, now: Date): Promise<void> {
    // Before its successor, as a repeated `rotate` and a revocation do: the other way round two of them would wait for each other.
    if (predecessorId) await repos.tokens.lock(predecessorId);
    const predecessor = predecessorId ? await repos.tokens.find(predecessorId) : undefined;
    const ended = predecessor?.revokedCause ?? 'rotation';
    if (predecessor && ended !== 'rotation') {
      const reason = 'the token that it was to take the place of had ended';
      await repos.tokens.revoke([id], { by: predecessor.revokedBy, cause: ended, reason }, now);
      return;
    }
    if (!(await repos.tokens.activate(id, now)) || !predecessorId) return;
    const why = { by: id, cause: 'rotation', reason: 'replaced by its successor, which was used' } as const;
    await repos.tokens.revoke([predecessorId], why, now);
    const token = (await repos.tokens.find(id)) as StoredToken;
    const actor: Actor = { kind: 'token', id: token.owner.id, credentialId: id, address: null };
    await audit.record(repos, actor, {
      action: 'token.rotation_completed',
      organizationId: organizationOfOwner(token),
      target: predecessorId,
      detail: { name: token.name, successor: id },
    });
  }

  async function makeSuccessor(
    repos: Repositories,
    actor: Actor,
    token: StoredToken,
    expiresAt: string | null,
    now: Date,
  ) {
    const secret = makeSecret(deps, token.kind);
    const pending = token.successorId ? await repos.tokens.find(token.successorId) : undefined;
    if (pending && !pending.revokedAt && !isPast(pending.expiresAt, now)) {
      if (!(await repos.tokens.replaceSecret(pending.id, secret, expiresAt)))
        throw conflict(`The successor of the token '${token.name}' was used or ended at this moment: rotate again`);
      // Whoever had its last secret has nothing of it any more: a denial that came from there is not for who has this one.
      await repos.policies.copyDecisions(token.id, pending.id);
      return { token: await presentToken(repos, pending.id, now), value: secret.value };
    }
    // A successor that ended before its first use makes way for another.
    if (pending) await repos.tokens.detach(pending.id);
    const { id: predecessorId, familyId, name, kind, grant, parentId } = token;
    return await insertToken(
      repos,
      secret,
      {
        id: ids.id(),
        kind,
        ...ownerColumns(token),
        name,
        grant,
        createdAt: now.toISOString(),
        expiresAt,
        ...(parentId ? { parentId } : {}),
        predecessor: { id: predecessorId, familyId },
        createdBy: actor.id,
      },
      now,
    );
  }
}
export type TokenRotation = ReturnType<typeof createTokenRotation>;

function reachedOf(token: StoredToken, reach: readonly Reach[]): readonly Reach[] {
  const { owner, grant } = token;
  return owner.kind === 'serviceAccount'
    ? reach.filter(({ id }) => id === owner.organizationId)
    : reachedBy(grant, reach);
}

export function organizationOfOwner({ owner }: StoredToken): string | null {
  return owner.kind === 'serviceAccount' ? owner.organizationId : null;
}
