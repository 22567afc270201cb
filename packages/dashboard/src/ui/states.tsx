import { ApiError, NetworkError } from '@pipecat-cloud/contract/client';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { isNotFound } from '../lib/refusals';
import { useOnline } from '../lib/use-online';
import { Button } from './button';

export function Loading({ what }: { what: string }) {
  const online = useOnline();
  return (
    <p role="status" className="flex items-center gap-3 px-4 py-8 text-sm text-muted sm:px-5">
      <span
        aria-hidden="true"
        className="size-4 shrink-0 motion-safe:animate-spin rounded-full border-2 border-current border-t-transparent"
      />
      {online ? `Loading ${what}…` : `You are offline. Loading ${what} goes on as soon as there is a network.`}
    </p>
  );
}

/** Why something did not come, and how to mend it. */
export function Failure({ error, onRetry }: { error: Error; onRetry?: () => void }) {
  const advice = adviceFor(error);
  return (
    <div role="alert" className="flex flex-wrap items-center gap-3 bg-bad-soft px-4 py-3 text-sm text-bad sm:px-5">
      <div className="min-w-0 flex-1 basis-60 wrap-anywhere">
        <p>{error.message}</p>
        {advice && <p className="mt-0.5">{advice}</p>}
      </div>
      {onRetry && <Button onClick={onRetry}>Try again</Button>}
    </div>
  );
}

/** What to do about an error whose own sentence says only what happened; those of the API say it themselves. */
export function adviceFor(error: Error): string | undefined {
  if (error instanceof NetworkError) {
    return error.timedOut
      ? 'The server is slow or busy. Try again in a moment.'
      : 'Check your network; if others reach it, see whether the control plane runs.';
  }
  if (error instanceof ApiError && error.status >= 500 && error.status !== 503) {
    return 'The server’s log has the reason. Try again; if it stays, tell who runs this installation.';
  }
  return undefined;
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="px-4 py-10 text-center sm:px-5">
      <p className="font-medium">{title}</p>
      {children && <div className="mx-auto mt-2 max-w-md text-sm text-muted">{children}</div>}
    </div>
  );
}

interface LoadedProps<Data> {
  query: UseQueryResult<Data>;
  /** For "Loading …". */
  what: string;
  /** Stands in place of all else once the server says that there is no such thing, or no longer. */
  absent?: ReactNode;
  children: (data: NonNullable<Data>) => ReactNode;
}

/** What a query has brought, or why it has brought nothing yet. Data that was read before stays while a later reading fails. */
export function Loaded<Data>({ query, what, absent, children }: LoadedProps<Data>) {
  const { data, error, refetch } = query;
  if (absent && isNotFound(error)) return absent;
  const failure = error && <Failure error={error} onRetry={() => void refetch()} />;
  if (data === undefined || data === null) return failure ?? <Loading what={what} />;
  return (
    <>
      {failure}
      {children(data)}
    </>
  );
}
