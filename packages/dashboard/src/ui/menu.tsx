import { DropdownMenu } from 'radix-ui';
import type { ReactNode } from 'react';
import { Icon } from './icon';

interface MenuProps {
  /** The button that opens it; takes a ref and the usual attributes. */
  trigger: ReactNode;
  align?: 'start' | 'end';
  children: ReactNode;
}

/** Not modal: the lock of the page's scrolling would need a style element, which the content security policy refuses. */
export function Menu({ trigger, align = 'end', children }: MenuProps) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Content
        align={align}
        sideOffset={4}
        collisionPadding={8}
        className="z-20 max-h-80 min-w-44 max-w-[calc(100vw-1rem)] overflow-y-auto rounded-lg border border-line bg-card p-1 shadow-lg"
      >
        {children}
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  );
}

interface MenuItemProps {
  onSelect: () => void;
  danger?: boolean;
  /** Marks the one that is chosen. */
  current?: boolean;
  children: ReactNode;
}

export function MenuItem({ onSelect, danger = false, current = false, children }: MenuItemProps) {
  return (
    <DropdownMenu.Item
      onSelect={onSelect}
      className={`flex cursor-pointer items-center justify-between gap-3 rounded-md px-2.5 py-2 text-sm outline-none data-highlighted:bg-sunken ${danger ? 'text-bad' : ''}`}
    >
      <span className="min-w-0 wrap-anywhere">{children}</span>
      {current && <Icon name="check" />}
    </DropdownMenu.Item>
  );
}

export const MenuLine = () => <DropdownMenu.Separator className="my-1 h-px bg-line" />;

/** The "⋯" at the end of a row. */
export function RowMenu({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Menu
      trigger={
        <button
          type="button"
          aria-label={label}
          className="inline-flex size-9 shrink-0 items-center stacked:absolute stacked:top-3 stacked:right-4 justify-center rounded-lg border border-line bg-card text-muted hover:bg-sunken hover:text-ink"
        >
          <Icon name="more" />
        </button>
      }
    >
      {children}
    </Menu>
  );
}
