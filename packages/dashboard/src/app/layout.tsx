import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useLocation, useNavigate, useRouter } from '@tanstack/react-router';
import { useEffect } from 'react';
import { TokenBanner } from '../features/tokens/token-banner';
import { api } from '../lib/api';
import { secondFactorQuery, sessionKey } from '../lib/query-client';
import { sessionQuery } from '../lib/session-query';
import { Button } from '../ui/button';
import { Logo } from '../ui/logo';
import { Failure, Loading } from '../ui/states';

const links = [
  { to: '/', label: 'Overview' },
  { to: '/account/tokens', label: 'Access tokens' },
  { to: '/account/security', label: 'Security' },
  { to: '/account/logins', label: 'Sign-ins' },
] as const;

/** The frame around every page that needs somebody signed in; without, it leads to the sign-in page and back. */
export function Layout() {
  const session = useQuery(sessionQuery);
  if (session.data === null) return <ToSignIn />;
  if (session.isPending) return <Loading what="the dashboard" />;
  if (session.isError) return <Failure error={session.error} onRetry={() => session.refetch()} />;
  return (
    <>
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:absolute focus:left-3 focus:top-3 focus:z-10 focus:rounded-lg focus:bg-card focus:px-3 focus:py-2"
      >
        Skip to content
      </a>
      <Header email={session.data.email} />
      <SecondFactorBanner />
      <TokenBanner link={<Link to="/account/tokens">See your tokens</Link>} />
      <main id="content" className="mx-auto w-full max-w-5xl px-4 py-6 sm:px-6 sm:py-8">
        <Outlet />
      </main>
    </>
  );
}

/** An organization has refused this session for want of a second factor: the way on, wherever it happened. */
function SecondFactorBanner() {
  const wanted = useQuery(secondFactorQuery);
  const { href, pathname } = useLocation();
  if (!wanted.data || pathname === '/account/confirm') return null;
  return (
    <div role="alert" className="border-b border-line bg-warn-soft text-warn">
      <div className="mx-auto flex w-full max-w-5xl flex-wrap items-center justify-between gap-x-6 gap-y-2 px-4 py-3 text-sm sm:px-6">
        <p>An organization of yours asks for a second factor in this session.</p>
        <Link to="/account/confirm" search={{ next: href }} className="font-medium underline underline-offset-4">
          Confirm that it is you
        </Link>
      </div>
    </div>
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

function Header({ email }: { email: string }) {
  const queryClient = useQueryClient();
  const signOut = useMutation({
    mutationFn: api.signOut,
    onSuccess: () => {
      queryClient.setQueryData(sessionKey, null);
      // Nothing of this person stays for the next one at the same screen.
      queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionKey[0] });
    },
  });
  return (
    <header className="border-b border-line bg-card">
      <div className="mx-auto flex w-full max-w-5xl flex-wrap items-center gap-x-6 gap-y-2 px-4 py-3 sm:px-6">
        <Link to="/" className="flex items-center gap-2.5 font-semibold">
          <Logo />
          Pipecat Cloud
        </Link>
        <nav aria-label="Main" className="order-last -mx-2 flex w-full gap-1 sm:order-none sm:w-auto">
          {links.map(({ to, label }) => (
            <Link
              key={to}
              to={to}
              activeOptions={{ exact: true, includeSearch: false }}
              className="rounded-lg px-2.5 py-1.5 text-sm font-medium text-muted hover:bg-sunken hover:text-ink aria-[current=page]:bg-sunken aria-[current=page]:text-ink"
            >
              {label}
            </Link>
          ))}
        </nav>
        <div className="ml-auto flex min-w-0 items-center gap-3">
          <span className="hidden truncate text-sm text-muted md:block" title="Signed in as">
            {email}
          </span>
          <Button busy={signOut.isPending} onClick={() => signOut.mutate()}>
            Sign out
          </Button>
        </div>
      </div>
      {signOut.isError && <Failure error={signOut.error} />}
    </header>
  );
}
