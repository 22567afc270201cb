import { createRoute } from '@tanstack/react-router';
import { safeNext } from '../../lib/paths';
import { lazyPage } from '../lazy-page';
import { root } from './frames';
import { type Search, texts } from './search';

// Before signing in.

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search: Search) => ({ next: safeNext(search.next), ...texts(search, 'problem') }),
  component: lazyPage(() => import('../../features/sign-in/sign-in-page'), 'SignInPage'),
});
const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  component: lazyPage(() => import('../../features/sign-in/setup-page'), 'SetupPage'),
});
const invite = createRoute({
  getParentRoute: () => root,
  path: '/invite',
  component: lazyPage(() => import('../../features/sign-in/invite-page'), 'InvitePage'),
});
export const entrance = [signIn, setup, invite] as const;
