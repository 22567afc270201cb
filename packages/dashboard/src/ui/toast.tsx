import { useSyncExternalStore } from 'react';
import { Icon } from './icon';

interface Message {
  id: number;
  text: string;
}
const shownMs = 10_000;
let messages: readonly Message[] = [];
let last = 0;
const listeners = new Set<() => void>();

function change(next: readonly Message[]): void {
  messages = next;
  for (const listener of listeners) listener();
}
const dismiss = (id: number) => change(messages.filter((message) => message.id !== id));

/** Says for a few seconds that something is done. Never for errors, which stand where they happened, nor for anything secret. */
export function toast(text: string): void {
  const id = ++last;
  change([...messages.slice(-2), { id, text }]);
  setTimeout(() => dismiss(id), shownMs);
}

/** Where toasts appear; once in the page. */
export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => messages,
  );
  return (
    <div role="status" className="pointer-events-none fixed inset-x-3 bottom-3 z-30 flex flex-col items-end gap-2">
      {shown.map(({ id, text }) => (
        <div
          key={id}
          className="pointer-events-auto flex max-w-md items-center gap-3 rounded-lg border border-line bg-ink px-3.5 py-2.5 text-sm text-page shadow-lg"
        >
          <span className="min-w-0 wrap-anywhere">{text}</span>
          <button type="button" aria-label="Dismiss" onClick={() => dismiss(id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
