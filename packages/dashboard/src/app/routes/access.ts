import { createRoute } from '@tanstack/react-router';
import { lazyPage } from '../lazy-page';
import { organization } from './frames';
import { type Search, texts } from './search';

// Who may do what in an organization, and its own settings.

const members = createRoute({
  getParentRoute: () => organization,
  path: 'members',
  component: lazyPage(() => import('../../features/members/members-page'), 'MembersPage'),
});
const serviceAccounts = createRoute({
  getParentRoute: () => organization,
  path: 'service-accounts',
  component: lazyPage(() => import('../../features/service-accounts/service-accounts-page'), 'ServiceAccountsPage'),
});
const serviceAccount = createRoute({
  getParentRoute: () => organization,
  path: 'service-accounts/$id',
  component: lazyPage(() => import('../../features/service-accounts/service-account-page'), 'ServiceAccountPage'),
});
const keys = createRoute({
  getParentRoute: () => organization,
  path: 'keys',
  component: lazyPage(() => import('../../features/api-keys/api-keys-page'), 'ApiKeysPage'),
});
const organizationTokens = createRoute({
  getParentRoute: () => organization,
  path: 'tokens',
  component: lazyPage(
    () => import('../../features/tokens/organization/organization-tokens-page'),
    'OrganizationTokensPage',
  ),
});
const policy = createRoute({
  getParentRoute: () => organization,
  path: 'policy',
  component: lazyPage(() => import('../../features/policy/policy-page'), 'PolicyPage'),
});
const audit = createRoute({
  getParentRoute: () => organization,
  path: 'audit',
  validateSearch: (search: Search) =>
    texts(search, 'since', 'until', 'actor', 'action', 'credential', 'target', 'address'),
  component: lazyPage(() => import('../../features/audit/audit-page'), 'AuditPage'),
});
const leaks = createRoute({
  getParentRoute: () => organization,
  path: 'leaks',
  component: lazyPage(() => import('../../features/leaks/leaks-page'), 'LeaksPage'),
});
const usage = createRoute({
  getParentRoute: () => organization,
  path: 'usage',
  validateSearch: (search: Search) => texts(search, 'days', 'from', 'to', 'show'),
  component: lazyPage(() => import('../../features/usage/usage-page'), 'UsagePage'),
});
const webhooks = createRoute({
  getParentRoute: () => organization,
  path: 'webhooks',
  component: lazyPage(() => import('../../features/webhooks/webhooks-page'), 'WebhooksPage'),
});
const settings = createRoute({
  getParentRoute: () => organization,
  path: 'settings',
  component: lazyPage(() => import('../../features/organization/settings-page'), 'SettingsPage'),
});
export const access = [
  members,
  serviceAccounts,
  serviceAccount,
  keys,
  organizationTokens,
  policy,
  audit,
  leaks,
  usage,
  webhooks,
  settings,
] as const;
