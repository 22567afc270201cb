import type { Policy } from '@pipecat-cloud/contract/policies';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { OauthFacts } from '../access/authenticator.js';
import type { CredentialDigests } from '../access/credential-digests.js';
import { createThrottle } from '../access/throttle.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import type { Notify } from '../notifications/notify.js';
import type { Clock, Ids } from '../system.js';
import { createCredentialEnd, type EndOauth } from './credential-end.js';
import { createCredentialLookup } from './credential-lookup.js';
import { createLeakAlerts } from './leak-alerts.js';
import { createLeakDesk } from './leak-desk.js';
import { leakRoutes } from './leak-routes.js';
import { createLeakService } from './leak-service.js';
import { createLeakSites } from './leak-sites.js';
import { createLeakWatch } from './leak-watch.js';
import { createRevokeCredential } from './revoke-credential.js';

interface LeaksDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  digests: CredentialDigests;
  log: Logger;
  notify: Notify;
  policyOf: (organizationId: string) => Promise<Policy>;
  loginOf?: (value: string) => Promise<OauthFacts | undefined>;
  endOauth?: EndOauth;
  publicUrl: string;
}

/** Unknown values that one address may hand in within a minute; one report of a thousand is always read to its end. */
const unknownPerMinute = 300;

/** Everything about credentials in the open. `watch` and `sites` take texts from the rest of the server. */
export function composeLeaks(deps: LeaksDeps) {
  const { store, clock, log, notify, publicUrl } = deps;
  const lookup = createCredentialLookup(deps);
  const endCredential = createCredentialEnd(deps);
  const watch = createLeakWatch({ alerts: createLeakAlerts({ ...deps, lookup, endCredential }), log });
  const revokeCredential = createRevokeCredential({ store, clock, notify, lookup, endCredential });
  return {
    watch,
    sites: createLeakSites({ store, watch }),
    revokeCredential,
    async register(http: FastifyInstance): Promise<void> {
      const throttle = createThrottle({ clock, limit: unknownPerMinute, windowSeconds: 60 });
      const desk = createLeakDesk({ revokeCredential, throttle });
      await http.register(leakRoutes, { desk, leaks: createLeakService({ store }), publicUrl });
    },
    close: () => watch.close(),
  };
}
export type Leaks = ReturnType<typeof composeLeaks>;
