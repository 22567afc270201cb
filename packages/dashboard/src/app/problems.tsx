import { Link } from '@tanstack/react-router';
import { Button } from '../ui/button';
import { linkStyle } from '../ui/link-style';
import { Page } from '../ui/page';
import { Empty } from '../ui/states';

export function NotFound() {
  return (
    <div className="mx-auto max-w-5xl p-4">
      <Page title="There is no page here">
        <Empty title="The address is mistyped, or what it led to is gone">
          <Link to="/" className={linkStyle}>
            Go to the overview
          </Link>
        </Empty>
      </Page>
    </div>
  );
}

/** A page broke, or its code could not be fetched: after an update of the server, files of before are gone. */
export function PageError({ error, reset }: { error: unknown; reset: () => void }) {
  const notFetched = error instanceof Error && /dynamically imported|Importing a module|preload/i.test(error.message);
  return (
    <div className="mx-auto max-w-5xl p-4">
      <Page title={notFetched ? 'This page could not be fetched' : 'This page has broken'}>
        <Empty
          title={
            notFetched
              ? 'The network is away, or the server was updated since you opened the dashboard'
              : 'That is a mistake of ours; the rest of the dashboard works'
          }
        >
          <p className="mb-4">What you did elsewhere is kept on the server.</p>
          <div className="flex flex-wrap justify-center gap-2">
            <Button look="primary" onClick={() => window.location.reload()}>
              Load it anew
            </Button>
            <Button onClick={reset}>Try again</Button>
          </div>
        </Empty>
      </Page>
    </div>
  );
}
