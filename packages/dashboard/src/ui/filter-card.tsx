import type { FormEvent, ReactNode } from 'react';
import { Button } from './button';
import { Card } from './card';

interface FilterCardProps {
  children: ReactNode;
  /** Those that are asked for rarely: folded away unless one of them is set. */
  more: { summary: string; open: boolean; children: ReactNode };
  /** One at least is set. */
  filtered: boolean;
  onSend: () => void;
  onClear: () => void;
}

/** Filters of a list. They are the page's address, so a view can be handed on as a link. */
export function FilterCard({ children, more, filtered, onSend, onClear }: FilterCardProps) {
  function send(event: FormEvent) {
    event.preventDefault();
    onSend();
  }
  return (
    <Card title="Filters">
      <form onSubmit={send} className="space-y-4 px-4 py-4 sm:px-5">
        {children}
        <details open={more.open}>
          <summary className="text-sm text-muted">{more.summary}</summary>
          <FilterGrid className="mt-3">{more.children}</FilterGrid>
        </details>
        <div className="flex flex-wrap gap-2">
          <Button type="submit" look="primary">
            Filter
          </Button>
          {filtered && <Button onClick={onClear}>Take all away</Button>}
        </div>
      </form>
    </Card>
  );
}

/** As many beside one another as there is room for. */
export function FilterGrid({ className = '', children }: { className?: string; children: ReactNode }) {
  return <div className={`grid gap-4 sm:grid-cols-2 lg:grid-cols-3 ${className}`}>{children}</div>;
}
