import { type ReactNode, useId } from 'react';

interface CardProps {
  title: string;
  about?: string;
  actions?: ReactNode;
  children: ReactNode;
}

/** A section with its heading; its content touches the edges, so that lists can draw lines across. */
export function Card({ title, about, actions, children }: CardProps) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="overflow-hidden rounded-xl border border-line bg-card">
      <div className="flex flex-wrap items-center justify-between gap-3 border-b border-line px-4 py-3 sm:px-5">
        <div>
          <h2 id={id} className="text-base font-semibold">
            {title}
          </h2>
          {about && <p className="text-sm text-muted">{about}</p>}
        </div>
        {actions}
      </div>
      {children}
    </section>
  );
}
