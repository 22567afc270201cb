import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useRouter } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { sessionQuery } from '../lib/session-query';
import { useModal } from '../ui/dialog';
import { Icon } from '../ui/icon';
import { Logo } from '../ui/logo';
import { Failure, Loading } from '../ui/states';
import { Toasts } from '../ui/toast';
import { Banners } from './banners';
import { SessionEnded } from './session-ended';
import { Sidebar } from './sidebar';
import { useFocusOnArrival } from './use-focus-on-arrival';

/**
 * The frame around every page that needs somebody signed in; without, it leads to the sign-in page and back. Where a session ends in the
 * middle of work, the page stays as it is, hidden, until its owner has signed in again.
 */
export function Layout() {
  const session = useQuery(sessionQuery);
  const [owner, setOwner] = useState<string>();
  const email = session.data?.email;
  if (email !== undefined && email !== owner) setOwner(email);
  const ended = session.data === null;
  if (ended && owner === undefined) return <ToSignIn />;
  const shown = email ?? owner;
  if (shown === undefined) {
    return session.error ? (
      <Failure error={session.error} onRetry={() => session.refetch()} />
    ) : (
      <Loading what="the dashboard" />
    );
  }
  return (
    <>
      <div hidden={ended}>
        <Frame email={shown} />
      </div>
      {ended ? <SessionEnded email={shown} /> : <Toasts />}
    </>
  );
}

function Frame({ email }: { email: string }) {
  useFocusOnArrival();
  return (
    <>
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:absolute focus:left-3 focus:top-3 focus:z-10 focus:rounded-lg focus:bg-card focus:px-3 focus:py-2"
      >
        Skip to content
      </a>
      <div className="lg:grid lg:min-h-dvh lg:grid-cols-[16rem_minmax(0,1fr)]">
        <SmallHeader email={email} />
        <aside className="sticky top-0 hidden h-dvh overflow-y-auto border-r border-line bg-card lg:block">
          <Sidebar email={email} />
        </aside>
        <div className="min-w-0">
          <Banners />
          <main id="content" tabIndex={-1} className="mx-auto w-full max-w-5xl px-4 py-6 outline-none sm:px-6 sm:py-8">
            <Outlet />
          </main>
        </div>
      </div>
    </>
  );
}

/** Where there is no room beside the page: the same navigation in a drawer. */
function SmallHeader({ email }: { email: string }) {
  const [open, setOpen] = useState(false);
  return (
    <header className="flex items-center justify-between gap-3 border-b border-line bg-card px-4 py-2.5 lg:hidden">
      <Link to="/" className="flex items-center gap-2.5 font-semibold">
        <Logo />
        Pipecat Cloud
      </Link>
      <button
        type="button"
        onClick={() => setOpen(true)}
        className="inline-flex min-h-9 items-center gap-2 rounded-lg border border-line px-3 text-sm font-medium hover:bg-sunken"
      >
        <Icon name="menu" />
        Menu
      </button>
      {open && <Drawer email={email} onClose={() => setOpen(false)} />}
    </header>
  );
}

function Drawer({ email, onClose }: { email: string; onClose: () => void }) {
  const drawer = useModal();
  return (
    <dialog
      ref={drawer}
      aria-label="Menu"
      onCancel={onClose}
      className="m-0 ml-auto h-dvh max-h-none w-72 max-w-[85vw] overflow-y-auto border-l border-line bg-card text-ink"
    >
      <div className="flex justify-end px-4 pt-3">
        <button
          type="button"
          aria-label="Close the menu"
          onClick={onClose}
          className="inline-flex size-9 items-center justify-center rounded-lg hover:bg-sunken"
        >
          <Icon name="close" />
        </button>
      </div>
      <Sidebar email={email} onGo={onClose} />
    </dialog>
  );
}

/** Leaves once, with the path to come back to: while the next page loads, the location is that page's already. */
function ToSignIn() {
  const navigate = useNavigate();
  const router = useRouter();
  useEffect(() => {
    const { href, pathname } = router.state.location;
    if (pathname !== '/sign-in') void navigate({ to: '/sign-in', search: { next: href }, replace: true });
  }, [navigate, router]);
  return <Loading what="the sign-in page" />;
}
