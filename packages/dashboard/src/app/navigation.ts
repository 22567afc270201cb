import type { IconName } from '../ui/icon';

interface NavLink {
  /** A route with `$org` is about the organization that is chosen. */
  to: string;
  label: string;
  icon: IconName;
  /** Only this very address, not those below it. */
  exact?: boolean;
}
export interface NavGroup {
  title: string;
  links: readonly NavLink[];
}

/** What the side of every page lists. A new page of an organization is one line here and a route in `routes/`. */
export const organizationGroups: readonly NavGroup[] = [
  {
    title: 'Run',
    links: [
      { to: '/orgs/$org', label: 'Overview', icon: 'overview', exact: true },
      { to: '/orgs/$org/agents', label: 'Agents', icon: 'agents' },
      { to: '/orgs/$org/sessions', label: 'Sessions', icon: 'sessions' },
      { to: '/orgs/$org/logs', label: 'Logs', icon: 'logs' },
      { to: '/orgs/$org/builds', label: 'Builds', icon: 'builds' },
      { to: '/orgs/$org/secrets', label: 'Secret sets', icon: 'secrets' },
      { to: '/orgs/$org/regions', label: 'Regions', icon: 'regions' },
    ],
  },
  {
    title: 'Access',
    links: [
      { to: '/orgs/$org/members', label: 'Members', icon: 'members' },
      { to: '/orgs/$org/service-accounts', label: 'Service accounts', icon: 'robot' },
      { to: '/orgs/$org/keys', label: 'API keys', icon: 'key' },
      { to: '/orgs/$org/tokens', label: 'Tokens in use', icon: 'token' },
      { to: '/orgs/$org/policy', label: 'Policies', icon: 'policy' },
      { to: '/orgs/$org/audit', label: 'Audit log', icon: 'audit' },
      { to: '/orgs/$org/leaks', label: 'Leaks', icon: 'leak' },
    ],
  },
  {
    title: 'Organization',
    links: [
      { to: '/orgs/$org/usage', label: 'Usage', icon: 'chart' },
      { to: '/orgs/$org/webhooks', label: 'Webhooks', icon: 'bell' },
      { to: '/orgs/$org/settings', label: 'Settings', icon: 'settings' },
    ],
  },
];

/** For those who may run it: owners; of which organization, the server knows. */
export const installationGroup: NavGroup = {
  title: 'Installation',
  links: [{ to: '/installation', label: 'Health', icon: 'server' }],
};

export const accountGroup: NavGroup = {
  title: 'Account',
  links: [
    { to: '/account/tokens', label: 'Access tokens', icon: 'token' },
    { to: '/account/security', label: 'Security', icon: 'shield' },
    { to: '/account/logins', label: 'Sign-ins', icon: 'terminal' },
  ],
};
