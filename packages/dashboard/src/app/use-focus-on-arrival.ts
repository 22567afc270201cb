import { useRouter } from '@tanstack/react-router';
import { useEffect } from 'react';

/**
 * After a change of route the focus goes to the new page's heading, so that keyboards go on from there and screen readers say where one
 * is. Not at the first page, where the browser does it, nor where only the query changed, nor while a dialog is open.
 */
export function useFocusOnArrival(): void {
  const router = useRouter();
  useEffect(
    () =>
      router.subscribe('onRendered', ({ fromLocation, toLocation }) => {
        if (!fromLocation || fromLocation.pathname === toLocation.pathname || toLocation.hash) return;
        if (document.querySelector('dialog[open]')) return;
        const content = document.getElementById('content');
        const heading = content?.querySelector('h1') ?? content;
        heading?.focus({ preventScroll: true });
      }),
    [router],
  );
}
