import { createRootRoute, createRoute, Outlet } from '@tanstack/react-router';
import { Layout } from '../layout';
import { lazyPage } from '../lazy-page';
import { NotFound } from '../problems';

// What other routes stand in.

export const root = createRootRoute({
  component: Outlet,
  notFoundComponent: () => (
    <main className="mx-auto max-w-5xl p-4">
      <NotFound />
    </main>
  ),
});
/** What takes a person who is signed in. */
export const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'signed-in',
  component: Layout,
  // Beside the navigation, where an address begins as one of these does.
  notFoundComponent: NotFound,
});
/** The pages of one organization. */
export const organization = createRoute({
  getParentRoute: () => signedIn,
  path: '/orgs/$org',
  component: lazyPage(() => import('../../features/organization/organization-frame'), 'OrganizationFrame'),
});
