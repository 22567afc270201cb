import type { ReactNode } from 'react';

/** Links between the pages of one thing. Each is an address of its own, so that it can be handed on. */
export function PageNav({ label, children }: { label: string; children: ReactNode }) {
  return (
    <nav aria-label={label} className="flex flex-wrap border-b sm:gap-1 border-line">
      {children}
    </nav>
  );
}

/** Of each link in it; the router marks the one that is open. */
export const pageNavLink =
  '-mb-px border-b-2 border-transparent px-2 py-1.5 sm:px-2.5 text-sm font-medium text-muted hover:text-ink aria-[current=page]:border-accent aria-[current=page]:text-ink';
