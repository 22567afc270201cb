import { createRouter } from '@tanstack/react-router';
import { Loading } from '../ui/states';
import { NotFound, PageError } from './problems';
import { access } from './routes/access';
import { ofPerson } from './routes/account';
import { entrance } from './routes/entrance';
import { organization, root, signedIn } from './routes/frames';
import { run } from './routes/run';

export const router = createRouter({
  routeTree: root.addChildren([
    ...entrance,
    signedIn.addChildren([...ofPerson, organization.addChildren([...run, ...access])]),
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
