import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { CredentialDigests } from '../access/credential-digests.js';
import type { Actor } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Keys } from '../config/keys.js';
import type { Store } from '../db/store.js';
import type { Notify } from '../notifications/notify.js';
import type { Clock, Ids } from '../system.js';
import { createDeviceConsent } from './device-consent.js';
import { loginRoutes } from './login-routes.js';
import { createOauthConsent } from './oauth-consent.js';
import { createOauthGrants } from './oauth-grants.js';
import { createOauthLogins } from './oauth-logins.js';
import { createLazyProvider } from './oauth-provider.js';
import { oauthRoutes } from './oauth-routes.js';
import { createRecordDigests } from './record-digests.js';
import { createRecordSeal } from './record-seal.js';

interface OauthDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  log: Logger;
  keys: Keys;
  digests: CredentialDigests;
  publicUrl: string;
  notify?: Notify;
  /** What `/oauth/revoke` does with a credential that is no OAuth token. False where none has this value. */
  revokeCredential?: (value: string, actor: Actor) => Promise<boolean>;
}

/** Signing in from the command line. */
export function composeOauth(deps: OauthDeps) {
  const { store, clock, ids, audit, log, keys, publicUrl } = deps;
  const digests = createRecordDigests(deps.digests);
  const seal = createRecordSeal(keys.masters);
  const logins = createOauthLogins({ store, clock, audit, digests, publicUrl, notify: deps.notify });
  const { endReplayed } = logins;
  const provider = createLazyProvider({ issuer: publicUrl, keys, store, clock, ids, log, digests, seal, endReplayed });
  const grants = createOauthGrants({ provider, store, clock, ids, audit, digests });
  const consent = createOauthConsent({ provider, store, clock, digests, grants });
  const devices = createDeviceConsent({ provider, store, clock, digests, grants });

  return {
    oauthOf: logins.oauthOf,
    loginOf: logins.loginOf,
    sweep: logins.sweep,
    endHeld: logins.endHeld,
    endLoginsSince: logins.endSince,
    async addRoutes(http: FastifyInstance): Promise<void> {
      const { revokeCredential } = deps;
      const signingKey = keys.oidc;
      await http.register(oauthRoutes, {
        ...{ issuer: publicUrl, signingKey, provider, store, clock, digests, logins, revokeCredential },
      });
      await http.register(loginRoutes, { issuer: publicUrl, clock, consent, devices, logins });
    },
  };
}
