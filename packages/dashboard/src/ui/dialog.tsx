import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';

interface DialogProps {
  title: string;
  onClose: () => void;
  /** Only a button inside may close it: something in it would be lost with a stray Escape. */
  keepOpen?: boolean;
  /** For forms with more than a few fields, and for lists. */
  wide?: boolean;
  children: ReactNode;
}

/** Opens the dialog that it is put on, for as long as that is mounted. */
export function useModal() {
  const ref = useRef<HTMLDialogElement>(null);
  // Closed while it is still in the page: only then does the browser give the focus back.
  useLayoutEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return ref;
}

/** Modal while it is mounted; the browser keeps the focus inside and gives it back afterwards. */
export function Dialog({ title, onClose, keepOpen = false, wide = false, children }: DialogProps) {
  const ref = useModal();
  const id = useId();
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
      className={`max-h-[calc(100dvh-2rem)] w-[calc(100%-1.5rem)] rounded-xl border border-line bg-card p-4 text-ink shadow-xl sm:p-6 ${wide ? 'max-w-2xl' : 'max-w-lg'}`}
    >
      <h2 id={id} className="text-lg font-semibold wrap-anywhere">
        {title}
      </h2>
      {children}
    </dialog>
  );
}

/** The buttons at the end of a dialog; the one that acts comes last. */
export function DialogButtons({ children }: { children: ReactNode }) {
  return <div className="mt-5 flex flex-wrap justify-end gap-2">{children}</div>;
}
