import { createRootRoute, createRoute, lazyRouteComponent, Outlet } from '@tanstack/react-router';
import { Layout } from '../layout';
import { NotFound } from '../problems';

// What other routes stand in.

export const root = createRootRoute({
  component: Outlet,
  notFoundComponent: () => (
    <main>
      <NotFound />
    </main>
  ),
});
/** What takes a person who is signed in. */
export const signedIn = createRoute({ getParentRoute: () => root, id: 'signed-in', component: Layout });
/** The pages of one organization. */
export const organization = createRoute({
  getParentRoute: () => signedIn,
  path: '/orgs/$org',
  component: lazyRouteComponent(() => import('../../features/organization/organization-frame'), 'OrganizationFrame'),
});
