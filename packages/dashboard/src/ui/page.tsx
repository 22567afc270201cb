import type { ReactNode } from 'react';
import { useTitle } from '../lib/use-title';

interface PageProps {
  /** Heading, and name of the tab. */
  title: string;
  about?: ReactNode;
  /** What one does here: buttons beside the heading. */
  actions?: ReactNode;
  /** The way up, where the page is a detail of another. */
  up?: ReactNode;
  children: ReactNode;
}

/** A page's heading and what stands below it. After a change of route the heading has the focus, so that it is read out. */
export function Page({ title, about, actions, up, children }: PageProps) {
  useTitle(title);
  return (
    <>
      {up && <p className="mb-2 text-sm text-muted">{up}</p>}
      <div className="mb-6 flex flex-wrap items-start justify-between gap-x-6 gap-y-4">
        <div className="min-w-0 max-w-2xl flex-1 basis-72">
          <h1 tabIndex={-1} className="text-2xl font-semibold tracking-tight wrap-anywhere">
            {title}
          </h1>
          {about && <div className="mt-1 text-muted wrap-anywhere">{about}</div>}
        </div>
        {actions && <div className="flex flex-wrap gap-2">{actions}</div>}
      </div>
      <div className="space-y-6">{children}</div>
    </>
  );
}
