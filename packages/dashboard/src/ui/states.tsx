import type { ReactNode } from 'react';
import { Button } from './button';

export function Loading({ what }: { what: string }) {
  return (
    <p role="status" className="flex items-center gap-3 px-4 py-8 text-sm text-muted sm:px-5">
      <span
        aria-hidden="true"
        className="size-4 motion-safe:animate-spin rounded-full border-2 border-current border-t-transparent"
      />
      Loading {what}…
    </p>
  );
}

export function Failure({ error, onRetry }: { error: Error; onRetry?: () => void }) {
  return (
    <div role="alert" className="flex flex-wrap items-center gap-3 bg-bad-soft px-4 py-3 text-sm text-bad sm:px-5">
      <p className="min-w-0 flex-1 wrap-anywhere">{error.message}</p>
      {onRetry && <Button onClick={onRetry}>Try again</Button>}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="px-4 py-10 text-center sm:px-5">
      <p className="font-medium">{title}</p>
      <div className="mx-auto mt-2 max-w-md text-sm text-muted">{children}</div>
    </div>
  );
}
