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
      organization.addChildren([...ofOrganization]),
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
