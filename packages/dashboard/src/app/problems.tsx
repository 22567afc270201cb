import { Link, useRouter } from '@tanstack/react-router';
import { Button } from '../ui/button';
import { linkStyle } from '../ui/link-style';
import { Page } from '../ui/page';
import { Empty } from '../ui/states';
import { PageNotFetched } from './lazy-page';

export function NotFound() {
  return (
    <Page title="There is no page here">
      <Empty title="The address is mistyped, or what it led to is gone">
        <Link to="/" className={linkStyle}>
          Go to the overview
        </Link>
      </Empty>
    </Page>
  );
}

/** A page broke, or its code could not be fetched: after an update of the server, files of before are gone. */
export function PageError({ error, reset }: { error: unknown; reset: () => void }) {
  const router = useRouter();
  const notFetched = error instanceof PageNotFetched;
  async function tryAgain() {
    // What was not fetched is fetched again only by the router.
    await router.invalidate();
    reset();
  }
  return (
    <div className="mx-auto max-w-5xl p-4">
      <Page title={notFetched ? 'This page could not be fetched' : 'This page has broken'}>
        <Empty
          title={
            notFetched
              ? 'The server can’t be reached, or was updated since you opened the dashboard'
              : 'That is a mistake of ours; the rest of the dashboard works'
          }
        >
          <p className="mb-4">What you did elsewhere is kept on the server.</p>
          <div className="flex flex-wrap justify-center gap-2">
            <Button look={notFetched ? 'primary' : 'plain'} onClick={() => void tryAgain()}>
              Try again
            </Button>
            <Button look={notFetched ? 'plain' : 'primary'} onClick={() => window.location.reload()}>
              Load it anew
            </Button>
          </div>
        </Empty>
      </Page>
    </div>
  );
}
