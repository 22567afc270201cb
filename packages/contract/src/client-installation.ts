import type { SetupBody, SignInBody, WhoAmI } from './accounts.js';
import type { RequestFunction } from './client.js';
import type { Health, StatusOk } from './errors.js';
import type { InstallationHealth } from './installation.js';
import type { CredentialFormat } from './leaks.js';
import type { AcceptedInvitation, AcceptInvitationBody } from './members.js';
import type { AuthConfig, DiscoveryDocument, LogoutBody, SigningKeys } from './oauth.js';
import type { DailyKey, OrganizationList } from './organizations.js';

/** The calls about the installation as a whole, about who is asking, and those of the pages for people without an account yet. */
export function installationCalls(request: RequestFunction) {
  return {
    live: () => request<Health>('GET', '/livez'),
    /** Throws `ApiError` 503 while the database does not answer. */
    ready: () => request<Health>('GET', '/readyz'),
    /** Throws `ApiError` 503 where another control plane on the same database runs the agents. */
    leads: () => request<Health>('GET', '/leaderz'),
    /** OpenAPI 3.1. */
    apiDocument: () => request<Record<string, unknown>>('GET', '/openapi.json'),
    /** For the owner of the installation alone. */
    installationHealth: () => request<InstallationHealth>('GET', '/v1/installation/health'),
    credentialFormat: () => request<CredentialFormat>('GET', '/.well-known/pipecat-credentials'),

    whoAmI: () => request<WhoAmI>('GET', '/v1/users'),
    listOrganizations: () => request<OrganizationList>('GET', '/v1/organizations'),
    dailyKey: (o: string) => request<DailyKey>('GET', `/v1/organizations/${encodeURIComponent(o)}/daily`),

    authConfig: () => request<AuthConfig>('GET', '/auth/config'),
    logout: (body: LogoutBody) => request<StatusOk>('POST', '/auth/logout', { body }),
    openidConfiguration: () => request<DiscoveryDocument>('GET', '/.well-known/openid-configuration'),
    authorizationServer: () => request<DiscoveryDocument>('GET', '/.well-known/oauth-authorization-server'),
    signingKeys: () => request<SigningKeys>('GET', '/oauth/jwks'),

    setUp: (body: SetupBody) => request<StatusOk>('POST', '/auth/setup', { body }),
    requestCode: (email: string) => request<StatusOk>('POST', '/auth/code', { body: { email } }),
    signIn: (email: string, code: string) => {
      const body: SignInBody = { email, code };
      return request<StatusOk>('POST', '/auth/session', { body });
    },
    /** Accepts an invitation and signs in, for people who have no account yet. */
    acceptAsNewcomer: (body: AcceptInvitationBody) => request<AcceptedInvitation>('POST', '/auth/invitation', { body }),
    signOut: () => request<StatusOk>('DELETE', '/auth/session'),
  };
}
