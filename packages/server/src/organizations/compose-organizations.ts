import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Authorizer } from '../access/authorize.js';
import type { CredentialDigests } from '../access/credential-digests.js';
import { createThrottle } from '../access/throttle.js';
import { accountRoutes } from '../accounts/account-routes.js';
import { createAccountService } from '../accounts/account-service.js';
import { apiKeyRoutes } from '../api-keys/api-key-routes.js';
import { createApiKeyService } from '../api-keys/api-key-service.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import type { Notify, SendMail } from '../notifications/notify.js';
import type { SecretBox } from '../secrets/secret-box.js';
import { serviceAccountRoutes } from '../service-accounts/service-account-routes.js';
import { createServiceAccountService } from '../service-accounts/service-account-service.js';
import type { SessionCookie } from '../sign-in/session-cookie.js';
import type { Clock, Ids } from '../system.js';
import type { AdoptToken } from '../tokens/token-adoption.js';
import { createInvitationAcceptance, type StartSession } from './invitation-acceptance.js';
import { invitationRoutes } from './invitation-routes.js';
import { createInvitationService } from './invitation-service.js';
import { memberRoutes } from './member-routes.js';
import { createMemberService } from './member-service.js';
import { organizationRoutes } from './organization-routes.js';
import { createOrganizationService } from './organization-service.js';
import { policyRoutes } from './policy-routes.js';
import { createPolicyService } from './policy-service.js';
import { createUnusedTokenSweeper } from './unused-tokens.js';

interface OrganizationsDeps {
  store: Store;
  authorizer: Authorizer;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  digests: CredentialDigests;
  box: SecretBox;
  cookie: SessionCookie;
  log: Logger;
  publicUrl: string;
  region: string;
  notify: Notify;
  sendMail: SendMail;
  adoptToken: AdoptToken;
  startSession: StartSession;
}

/** People, organizations and what belongs to them: accounts, members, invitations, service accounts, policies and API keys. */
export async function composeOrganizations(http: FastifyInstance, deps: OrganizationsDeps) {
  const { log, cookie, publicUrl } = deps;
  await http.register(accountRoutes, { accounts: createAccountService(deps) });
  await http.register(organizationRoutes, {
    authorizer: deps.authorizer,
    organizations: createOrganizationService(deps),
  });
  await http.register(memberRoutes, { members: createMemberService(deps) });
  await http.register(invitationRoutes, {
    invitations: createInvitationService({
      ...deps,
      onMailFailed: (err) => log.error({ err }, 'an invitation could not be mailed'),
    }),
    acceptance: createInvitationAcceptance({
      ...deps,
      throttle: createThrottle({ clock: deps.clock, limit: 20, windowSeconds: 600 }),
    }),
    cookie,
    publicUrl,
  });
  await http.register(serviceAccountRoutes, { serviceAccounts: createServiceAccountService(deps) });
  await http.register(policyRoutes, { policies: createPolicyService(deps) });
  await http.register(apiKeyRoutes, { apiKeys: createApiKeyService(deps) });
  /** To be started once the server listens, and closed before the store. */
  return { unusedTokens: createUnusedTokenSweeper(deps) };
}
