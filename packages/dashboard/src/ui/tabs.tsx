import { Tabs as Primitive } from 'radix-ui';
import type { ReactNode } from 'react';

interface TabsProps {
  label: string;
  tabs: readonly { name: string; content: ReactNode }[];
}

/** Several views of one thing, one at a time. What has an address of its own is a route, not a tab. */
export function Tabs({ label, tabs }: TabsProps) {
  return (
    <Primitive.Root defaultValue="0">
      <Primitive.List aria-label={label} className="mb-2 flex flex-wrap gap-1 border-b border-line">
        {/* Values become parts of ids, which hold no spaces. */}
        {tabs.map(({ name }, index) => (
          <Primitive.Trigger
            key={name}
            value={String(index)}
            className="-mb-px border-b-2 border-transparent px-2.5 py-1.5 text-sm font-medium text-muted hover:text-ink data-[state=active]:border-accent data-[state=active]:text-ink"
          >
            {name}
          </Primitive.Trigger>
        ))}
      </Primitive.List>
      {tabs.map(({ name, content }, index) => (
        <Primitive.Content key={name} value={String(index)} tabIndex={-1}>
          {content}
        </Primitive.Content>
      ))}
    </Primitive.Root>
  );
}
