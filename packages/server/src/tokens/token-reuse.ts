import type { CredentialSource } from '../access/authenticator.js';
import type { Audit } from '../audit/audit-service.js';
import type { Repositories, Store } from '../db/store.js';
import type { Notify } from '../notifications/notify.js';
import { tokenReused } from '../notifications/texts.js';
import type { Clock } from '../system.js';
import type { StoredToken } from './stored-token.js';
import { organizationOfOwner } from './token-rotation.js';

interface TokenReuseDeps {
  store: Store;
  clock: Clock;
  audit: Audit;
  notify: Notify;
}

/**
 * A secret that its rotation ended was sent again: somebody kept a copy, or a thief uses the old one. The family is marked once and
 * its people are told; an organization that asks for it has the whole family ended.
 */
export function createTokenReuse({ store, clock, audit, notify }: TokenReuseDeps) {
  /** Does any organization that the token reaches ask for its end? */
  async function mustEnd(repos: Repositories, token: StoredToken): Promise<boolean> {
    const reached =
      token.owner.kind === 'serviceAccount'
        ? [token.owner.organizationId]
        : (await repos.organizations.listOfUser(token.owner.id))
            .map(({ id }) => id)
            .filter((id) => token.grant.organizations?.includes(id) ?? true);
    const policies = await repos.policies.listOf(reached);
    return [...policies.values()].some(({ onReuse }) => onReuse === 'revoke');
  }

  return {
    async note({ id, familyId }: Pick<StoredToken, 'id' | 'familyId'>, source: CredentialSource): Promise<void> {
      await store.changeAccess(async (repos) => {
        const now = clock.now();
        if (!(await repos.tokens.markSuspicious(familyId, now))) return;
        const token = (await repos.tokens.find(id)) as StoredToken;
        const organizationId = organizationOfOwner(token);
        const ended = (await mustEnd(repos, token))
          ? await repos.tokens.revoke(
              await repos.tokens.liveOfFamily(familyId),
              { by: null, cause: 'policy', reason: 'a secret that its rotation had ended was seen again' },
              now,
            )
          : [];
        const { address, userAgent } = source;
        const actor = { kind: 'nobody', id: null, credentialId: id, address, userAgent } as const;
        await audit.record(repos, actor, {
          action: 'token.reused',
          organizationId,
          target: familyId,
          detail: { name: token.name, token: id, ended },
        });
        await notify(repos, tokenReused({ token, at: now, address, ended, organizationId }));
      });
    },
  };
}
