import { lazyRouteComponent } from '@tanstack/react-router';
import type { ReactNode } from 'react';

/** The code of a page did not come: the server is away, or was updated, and files of before are gone. */
export class PageNotFetched extends Error {
  constructor(cause: unknown) {
    super('The page could not be fetched', { cause });
    this.name = 'PageNotFetched';
  }
}

/**
 * A route's component, fetched when it is first needed. Where that fails the route shows its error, and the next visit fetches again.
 * The router's own would take the browser's error for a reason to load the whole address anew, which leaves nothing where the server
 * is away.
 */
export function lazyPage<Module extends Record<Name, () => ReactNode>, Name extends string>(
  importer: () => Promise<Module>,
  name: Name,
) {
  return lazyRouteComponent(
    () =>
      importer().catch((cause) => {
        throw new PageNotFetched(cause);
      }),
    name,
  );
}
