import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet } from '@tanstack/react-router';
import { safeNext } from '../lib/paths';
import { Loading } from '../ui/states';
import { Layout } from './layout';
import { NotFound, PageError } from './problems';

type Search = Record<string, unknown>;
/** The named members that are texts; anything else in a query is not ours. */
const texts = <Name extends string>(search: Search, ...names: Name[]) =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = search[name];
      return typeof value === 'string' || typeof value === 'number' ? [[name, String(value)]] : [];
    }),
  ) as Partial<Record<Name, string>>;

const root = createRootRoute({
  component: Outlet,
  notFoundComponent: () => (
    <main>
      <NotFound />
    </main>
  ),
});

// Before signing in.
const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Search) => ({ next: safeNext(search.next), ...texts(search, 'problem') }),
  component: lazyRouteComponent(() => import('../features/sign-in/sign-in-page'), 'SignInPage'),
});
const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  component: lazyRouteComponent(() => import('../features/sign-in/setup-page'), 'SetupPage'),
});
const invite = createRoute({
  getParentRoute: () => root,
  path: '/invite',
  component: lazyRouteComponent(() => import('../features/sign-in/invite-page'), 'InvitePage'),
});

const signedIn = createRoute({ getParentRoute: () => root, id: 'signed-in', component: Layout });
const home = createRoute({
  getParentRoute: () => signedIn,
  path: '/',
  validateSearch: (search: Search) => texts(search, 'org'),
  component: lazyRouteComponent(() => import('./home'), 'Home'),
});

// The account.
const tokens = createRoute({
  getParentRoute: () => signedIn,
  path: '/account/tokens',
  // Read by the page: whatever a link fills in is checked there, field by field.
  validateSearch: (search: Search): Search => search,
  component: lazyRouteComponent(() => import('../features/tokens/tokens-page'), 'TokensPage'),
});
const token = createRoute({
  getParentRoute: () => signedIn,
  path: '/account/tokens/$id',
  component: lazyRouteComponent(() => import('../features/tokens/token-page'), 'TokenPage'),
});
const security = createRoute({
  getParentRoute: () => signedIn,
  path: '/account/security',
  component: lazyRouteComponent(() => import('../features/security/security-page'), 'SecurityPage'),
});
const confirm = createRoute({
  getParentRoute: () => signedIn,
  path: '/account/confirm',
  validateSearch: (search: Search) => ({ next: safeNext(search.next) }),
  component: lazyRouteComponent(() => import('../features/security/confirm-page'), 'ConfirmPage'),
});
const logins = createRoute({
  getParentRoute: () => signedIn,
  path: '/account/logins',
  component: lazyRouteComponent(() => import('../features/oauth/logins-page'), 'LoginsPage'),
});
const newOrganization = createRoute({
  getParentRoute: () => signedIn,
  path: '/account/new-organization',
  component: lazyRouteComponent(() => import('../features/organization/new-organization-page'), 'NewOrganizationPage'),
});

// The installation.
const installation = createRoute({
  getParentRoute: () => signedIn,
  path: '/installation',
  component: lazyRouteComponent(() => import('../features/installation/installation-page'), 'InstallationPage'),
});

// Programs that ask to be signed in.
const consent = createRoute({
  getParentRoute: () => signedIn,
  path: '/oauth/consent',
  validateSearch: (search: Search) => ({ uid: String(search.uid ?? '') }),
  component: lazyRouteComponent(() => import('../features/oauth/consent-page'), 'ConsentPage'),
});
const device = createRoute({
  getParentRoute: () => signedIn,
  path: '/device',
  validateSearch: (search: Search) => texts(search, 'user_code'),
  component: lazyRouteComponent(() => import('../features/oauth/device-page'), 'DevicePage'),
});

// An organization.
const organization = createRoute({
  getParentRoute: () => signedIn,
  path: '/orgs/$org',
  component: lazyRouteComponent(() => import('../features/organization/organization-frame'), 'OrganizationFrame'),
});
const overview = createRoute({
  getParentRoute: () => organization,
  path: '/',
  component: lazyRouteComponent(() => import('../features/overview/overview-page'), 'OverviewPage'),
});
const members = createRoute({
  getParentRoute: () => organization,
  path: 'members',
  component: lazyRouteComponent(() => import('../features/members/members-page'), 'MembersPage'),
});
const serviceAccounts = createRoute({
  getParentRoute: () => organization,
  path: 'service-accounts',
  component: lazyRouteComponent(
    () => import('../features/service-accounts/service-accounts-page'),
    'ServiceAccountsPage',
  ),
});
const serviceAccount = createRoute({
  getParentRoute: () => organization,
  path: 'service-accounts/$id',
  component: lazyRouteComponent(
    () => import('../features/service-accounts/service-account-page'),
    'ServiceAccountPage',
  ),
});
const keys = createRoute({
  getParentRoute: () => organization,
  path: 'keys',
  component: lazyRouteComponent(() => import('../features/api-keys/api-keys-page'), 'ApiKeysPage'),
});
const organizationTokens = createRoute({
  getParentRoute: () => organization,
  path: 'tokens',
  component: lazyRouteComponent(
    () => import('../features/tokens/organization/organization-tokens-page'),
    'OrganizationTokensPage',
  ),
});
const policy = createRoute({
  getParentRoute: () => organization,
  path: 'policy',
  component: lazyRouteComponent(() => import('../features/policy/policy-page'), 'PolicyPage'),
});
const audit = createRoute({
  getParentRoute: () => organization,
  path: 'audit',
  validateSearch: (search: Search) =>
    texts(search, 'since', 'until', 'actor', 'action', 'credential', 'target', 'address'),
  component: lazyRouteComponent(() => import('../features/audit/audit-page'), 'AuditPage'),
});
const leaks = createRoute({
  getParentRoute: () => organization,
  path: 'leaks',
  component: lazyRouteComponent(() => import('../features/leaks/leaks-page'), 'LeaksPage'),
});
const webhooks = createRoute({
  getParentRoute: () => organization,
  path: 'webhooks',
  component: lazyRouteComponent(() => import('../features/webhooks/webhooks-page'), 'WebhooksPage'),
});
const usage = createRoute({
  getParentRoute: () => organization,
  path: 'usage',
  validateSearch: (search: Search) => texts(search, 'days', 'from', 'to', 'show'),
  component: lazyRouteComponent(() => import('../features/usage/usage-page'), 'UsagePage'),
});
const settings = createRoute({
  getParentRoute: () => organization,
  path: 'settings',
  component: lazyRouteComponent(() => import('../features/organization/settings-page'), 'SettingsPage'),
});

// What runs: agents, builds, secret sets, regions.
const agents = createRoute({
  getParentRoute: () => organization,
  path: 'agents',
  validateSearch: (search: Search) => texts(search, 'q', 'state', 'region'),
  component: lazyRouteComponent(() => import('../features/agents/agents-page'), 'AgentsPage'),
});
const agent = createRoute({
  getParentRoute: () => organization,
  path: 'agents/$name',
  component: lazyRouteComponent(() => import('../features/agents/agent-frame'), 'AgentFrame'),
});
const agentOverview = createRoute({
  getParentRoute: () => agent,
  path: '/',
  component: lazyRouteComponent(() => import('../features/agents/agent-overview-page'), 'AgentOverviewPage'),
});
const agentDeployments = createRoute({
  getParentRoute: () => agent,
  path: 'deployments',
  validateSearch: (search: Search) => texts(search, 'from', 'to'),
  component: lazyRouteComponent(() => import('../features/agents/deployments-page'), 'DeploymentsPage'),
});
const agentSecrets = createRoute({
  getParentRoute: () => agent,
  path: 'secrets',
  component: lazyRouteComponent(() => import('../features/agents/agent-secrets-page'), 'AgentSecretsPage'),
});
const agentSettings = createRoute({
  getParentRoute: () => agent,
  path: 'settings',
  component: lazyRouteComponent(() => import('../features/agents/agent-settings-page'), 'AgentSettingsPage'),
});
const builds = createRoute({
  getParentRoute: () => organization,
  path: 'builds',
  validateSearch: (search: Search) => texts(search, 'status', 'offset'),
  component: lazyRouteComponent(() => import('../features/builds/builds-page'), 'BuildsPage'),
});
const build = createRoute({
  getParentRoute: () => organization,
  path: 'builds/$id',
  component: lazyRouteComponent(() => import('../features/builds/build-page'), 'BuildPage'),
});
const secretSets = createRoute({
  getParentRoute: () => organization,
  path: 'secrets',
  component: lazyRouteComponent(() => import('../features/secrets/secret-sets-page'), 'SecretSetsPage'),
});
const secretSet = createRoute({
  getParentRoute: () => organization,
  path: 'secrets/$set',
  component: lazyRouteComponent(() => import('../features/secrets/secret-set-page'), 'SecretSetPage'),
});
const regions = createRoute({
  getParentRoute: () => organization,
  path: 'regions',
  component: lazyRouteComponent(() => import('../features/regions/regions-page'), 'RegionsPage'),
});
const whatRuns = [
  agents,
  agent.addChildren([agentOverview, agentDeployments, agentSecrets, agentSettings]),
  builds,
  build,
  secretSets,
  secretSet,
  regions,
] as const;
// What an organization's agents write and do.
const logs = createRoute({
  getParentRoute: () => organization,
  path: 'logs',
  validateSearch: (search: Search) =>
    texts(search, 'agent', 'level', 'query', 'session', 'deployment', 'since', 'until', 'line'),
  component: lazyRouteComponent(() => import('../features/logs/logs-page'), 'LogsPage'),
});
const sessions = createRoute({
  getParentRoute: () => organization,
  path: 'sessions',
  validateSearch: (search: Search) =>
    texts(search, 'agent', 'status', 'end', 'start', 'deployment', 'since', 'until', 'page'),
  component: lazyRouteComponent(() => import('../features/sessions/sessions-page'), 'SessionsPage'),
});
const session = createRoute({
  getParentRoute: () => organization,
  path: 'agents/$name/sessions/$id',
  component: lazyRouteComponent(() => import('../features/sessions/session-page'), 'SessionPage'),
});
const tryAgent = createRoute({
  getParentRoute: () => organization,
  path: 'agents/$name/try',
  component: lazyRouteComponent(() => import('../features/try/try-page'), 'TryPage'),
});

const account = [tokens, token, security, confirm, logins, newOrganization];
const ofOrganization = [
  overview,
  members,
  serviceAccounts,
  serviceAccount,
  keys,
  organizationTokens,
  policy,
  audit,
  leaks,
  webhooks,
  settings,
  usage,
  logs,
  sessions,
  session,
  tryAgent,
] as const;

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    setup,
    invite,
    signedIn.addChildren([
      home,
      ...account,
      installation,
      consent,
      device,
      organization.addChildren([...ofOrganization, ...whatRuns]),
    ]),
  ]),
  defaultPendingComponent: () => <Loading what="the page" />,
  defaultNotFoundComponent: NotFound,
  defaultErrorComponent: PageError,
  // A pointer that rests on a link fetches the page's code.
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
