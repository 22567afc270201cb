import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';

interface DialogProps {
  title: string;
  onClose: () => void;
  /** Only a button inside may close it: something in it would be lost with a stray Escape. */
  keepOpen?: boolean;
  children: ReactNode;
}

/** Modal while it is mounted; the browser keeps the focus inside and gives it back afterwards. */
export function Dialog({ title, onClose, keepOpen = false, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Closed while it is still in the page: only then does the browser give the focus back.
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        if (!keepOpen) onClose();
      }}
      onKeyDown={(event) => {
        // Browsers close at a second Escape even where the first was refused.
        if (event.key === 'Escape' && keepOpen) event.preventDefault();
      }}
      className="w-[calc(100%-2rem)] max-w-lg rounded-xl border border-line bg-card p-5 text-ink shadow-xl sm:p-6"
    >
      <h2 id={id} className="text-lg font-semibold">
        {title}
      </h2>
      {children}
    </dialog>
  );
}
