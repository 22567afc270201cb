import type { Logger } from 'pino';
import type { Audit } from '../audit/audit-service.js';
import type { Keys } from '../config/keys.js';
import type { Store } from '../db/store.js';
import { composeLeaks } from '../leaks/compose-leaks.js';
import type { Notify } from '../notifications/notify.js';
import { composeOauth } from '../oauth/compose-oauth.js';
import type { Clock, Ids } from '../system.js';
import { composeTokens } from '../tokens/compose-tokens.js';
import { createTokenReuse } from '../tokens/token-reuse.js';
import type { AccessCache } from './access-cache.js';
import { createAccessFacts } from './access-facts.js';
import { createAuthenticator, type SessionFacts } from './authenticator.js';
import { createAuthorizer } from './authorize.js';
import type { CredentialDigests } from './credential-digests.js';
import { createCredentialUse } from './credential-use.js';
import { createThrottle } from './throttle.js';

interface ComposeAccessDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  log: Logger;
  audit: Audit;
  keys: Keys;
  digests: CredentialDigests;
  cache: AccessCache;
  notify: Notify;
  publicUrl: string;
  sessionOf: (cookie: string) => Promise<SessionFacts | undefined>;
}

/** How long one address may guess: 60 unknown credentials a minute. */
const guesses = { limit: 60, windowSeconds: 60 };

/** Who is asking, and what they may do: every kind of credential, from its check to its end. */
export function composeAccess(deps: ComposeAccessDeps) {
  const { store, clock, audit, cache, notify, publicUrl } = deps;
  const uses = createCredentialUse(store);
  const throttle = createThrottle({ clock, ...guesses });
  const facts = createAccessFacts({ store, cache });
  const authorizer = createAuthorizer({ facts, clock, publicUrl });
  const oauth = composeOauth({
    ...deps,
    // RFC 7009: whoever sends it here wants it ended, and needs no alarm.
    revokeCredential: async (value, actor) => {
      const why = { cause: 'owner', reason: 'revoked by its holder', tellOwner: false } as const;
      return (await leaks.revokeCredential(value, actor, why)).status !== 'unknown';
    },
  });
  const { oauthOf, endLoginsSince } = oauth;
  const leaks = composeLeaks({
    ...deps,
    loginOf: oauth.loginOf,
    endOauth: oauth.endHeld,
    policyOf: async (organizationId) => (await store.policies.find(organizationId)).policy,
  });
  const tokens = composeTokens({ ...deps, authorizer, uses, endLoginsSince });
  const authenticator = createAuthenticator({
    ...deps,
    uses,
    throttle,
    oauthOf,
    onFirstUse: tokens.rotation.confirm,
    onReuse: createTokenReuse({ store, clock, audit, notify }).note,
  });
  return { facts, authenticator, authorizer, uses, throttle, tokens, oauth, leaks };
}
