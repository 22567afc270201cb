import { useQuery } from '@tanstack/react-query';
import { Link, useLocation } from '@tanstack/react-router';
import { TokenBanner } from '../features/tokens/token-banner';
import { secondFactorQuery } from '../lib/query-client';
import { useOnline } from '../lib/use-online';

/** What concerns the whole session, above every page. */
export function Banners() {
  return (
    <>
      <OfflineBanner />
      <SecondFactorBanner />
      <TokenBanner link={<Link to="/account/tokens">See your tokens</Link>} />
    </>
  );
}

function OfflineBanner() {
  if (useOnline()) return null;
  return (
    <p role="status" className="border-b border-line bg-warn-soft px-4 py-2.5 text-sm text-warn sm:px-6">
      You are offline. What you see is as it was; it is read again as soon as there is a network. Nothing can be changed
      until then.
    </p>
  );
}

/** An organization has refused this session for want of a second factor: the way on, wherever it happened. */
function SecondFactorBanner() {
  const wanted = useQuery(secondFactorQuery);
  const { href, pathname } = useLocation();
  if (!wanted.data || pathname === '/account/confirm') return null;
  return (
    <div
      role="alert"
      className="flex flex-wrap items-center justify-between gap-x-6 gap-y-2 border-b border-line bg-warn-soft px-4 py-3 text-sm text-warn sm:px-6"
    >
      <p>An organization of yours asks for a second factor in this session.</p>
      <Link to="/account/confirm" search={{ next: href }} className="font-medium underline underline-offset-4">
        Confirm that it is you
      </Link>
    </div>
  );
}
