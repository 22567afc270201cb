import { createRootRoute, createRoute, createRouter, Link, lazyRouteComponent, Outlet } from '@tanstack/react-router';
import { safeNext } from '../lib/paths';
import { Empty, Failure, Loading } from '../ui/states';
import { Layout } from './layout';

const root = createRootRoute({
  component: Outlet,
  notFoundComponent: () => (
    <main className="mx-auto max-w-5xl">
      <Empty title="There is no page here">
        <Link to="/" className="text-accent underline underline-offset-4">
          Go to the overview
        </Link>
      </Empty>
    </main>
  ),
  errorComponent: ({ error, reset }) => (
    <Failure error={error instanceof Error ? error : new Error(String(error))} onRetry={reset} />
  ),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Record<string, unknown>): { next: string; problem?: string } => ({
    next: safeNext(search.next),
    ...(typeof search.problem === 'string' ? { problem: search.problem } : {}),
  }),
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
const overview = createRoute({
  getParentRoute: () => signedIn,
  path: '/',
  validateSearch: (search: Record<string, unknown>): { org?: string } =>
    typeof search.org === 'string' ? { org: search.org } : {},
  component: lazyRouteComponent(() => import('../features/overview/overview-page'), 'OverviewPage'),
});
const tokens = createRoute({
  getParentRoute: () => signedIn,
  path: '/account/tokens',
  component: lazyRouteComponent(() => import('../features/tokens/tokens-page'), 'TokensPage'),
});

const security = createRoute({
  getParentRoute: () => signedIn,
  path: '/account/security',
  component: lazyRouteComponent(() => import('../features/security/security-page'), 'SecurityPage'),
});
const confirm = createRoute({
  getParentRoute: () => signedIn,
  path: '/account/confirm',
  validateSearch: (search: Record<string, unknown>) => ({ next: safeNext(search.next) }),
  component: lazyRouteComponent(() => import('../features/security/confirm-page'), 'ConfirmPage'),
});

const consent = createRoute({
  getParentRoute: () => signedIn,
  path: '/oauth/consent',
  validateSearch: (search: Record<string, unknown>) => ({ uid: String(search.uid ?? '') }),
  component: lazyRouteComponent(() => import('../features/oauth/consent-page'), 'ConsentPage'),
});
const device = createRoute({
  getParentRoute: () => signedIn,
  path: '/device',
  validateSearch: (search: Record<string, unknown>): { user_code?: string } =>
    typeof search.user_code === 'string' ? { user_code: search.user_code } : {},
  component: lazyRouteComponent(() => import('../features/oauth/device-page'), 'DevicePage'),
});
const logins = createRoute({
  getParentRoute: () => signedIn,
  path: '/account/logins',
  component: lazyRouteComponent(() => import('../features/oauth/logins-page'), 'LoginsPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    setup,
    invite,
    signedIn.addChildren([overview, tokens, security, confirm, consent, device, logins]),
  ]),
  defaultPendingComponent: () => <Loading what="the page" />,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
