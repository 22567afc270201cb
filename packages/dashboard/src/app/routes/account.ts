import { createRoute } from '@tanstack/react-router';
import { safeNext } from '../../lib/paths';
import { lazyPage } from '../lazy-page';
import { signedIn } from './frames';
import { type Search, texts } from './search';

// Of a person, of the installation that they run, and of programs that ask to be signed in.

const home = createRoute({
  getParentRoute: () => signedIn,
  path: '/',
  validateSearch: (search: Search) => texts(search, 'org'),
  component: lazyPage(() => import('../home'), 'Home'),
});
const tokens = createRoute({
  getParentRoute: () => signedIn,
  path: '/account/tokens',
  // Read by the page: whatever a link fills in is checked there, field by field.
  validateSearch: (search: Search): Search => search,
  component: lazyPage(() => import('../../features/tokens/tokens-page'), 'TokensPage'),
});
const token = createRoute({
  getParentRoute: () => signedIn,
  path: '/account/tokens/$id',
  component: lazyPage(() => import('../../features/tokens/token-page'), 'TokenPage'),
});
const security = createRoute({
  getParentRoute: () => signedIn,
  path: '/account/security',
  component: lazyPage(() => import('../../features/security/security-page'), 'SecurityPage'),
});
const confirm = createRoute({
  getParentRoute: () => signedIn,
  path: '/account/confirm',
  validateSearch: (search: Search) => ({ next: safeNext(search.next) }),
  component: lazyPage(() => import('../../features/security/confirm-page'), 'ConfirmPage'),
});
const logins = createRoute({
  getParentRoute: () => signedIn,
  path: '/account/logins',
  component: lazyPage(() => import('../../features/oauth/logins-page'), 'LoginsPage'),
});
const newOrganization = createRoute({
  getParentRoute: () => signedIn,
  path: '/account/new-organization',
  component: lazyPage(() => import('../../features/organization/new-organization-page'), 'NewOrganizationPage'),
});
const installation = createRoute({
  getParentRoute: () => signedIn,
  path: '/installation',
  component: lazyPage(() => import('../../features/installation/installation-page'), 'InstallationPage'),
});
const consent = createRoute({
  getParentRoute: () => signedIn,
  path: '/oauth/consent',
  validateSearch: (search: Search) => ({ uid: String(search.uid ?? '') }),
  component: lazyPage(() => import('../../features/oauth/consent-page'), 'ConsentPage'),
});
const device = createRoute({
  getParentRoute: () => signedIn,
  path: '/device',
  validateSearch: (search: Search) => texts(search, 'user_code'),
  component: lazyPage(() => import('../../features/oauth/device-page'), 'DevicePage'),
});
export const ofPerson = [
  home,
  tokens,
  token,
  security,
  confirm,
  logins,
  newOrganization,
  installation,
  consent,
  device,
] as const;
