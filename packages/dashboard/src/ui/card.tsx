import { type ReactNode, useId } from 'react';

interface CardProps {
  title: string;
  about?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** A section with its heading; its content touches the edges, so that lists can draw lines across. */
export function Card({ title, about, actions, children }: CardProps) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="overflow-hidden rounded-xl border border-line bg-card">
      <div className="flex flex-wrap items-center justify-between gap-3 not-last:border-b border-line px-4 py-3 sm:px-5">
        <div className="min-w-0">
          <h2 id={id} className="text-base font-semibold wrap-anywhere">
            {title}
          </h2>
          {about && <div className="text-sm text-muted wrap-anywhere">{about}</div>}
        </div>
        {actions}
      </div>
      {children}
    </section>
  );
}

/** The same without a heading: what stands alone below the page's own. */
export function Panel({ children }: { children: ReactNode }) {
  return <div className="overflow-hidden rounded-xl border border-line bg-card">{children}</div>;
}
