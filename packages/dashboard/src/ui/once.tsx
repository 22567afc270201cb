import { type ReactNode, useEffect } from 'react';
import { Button } from './button';
import { CodeBlock } from './code-block';
import { Dialog, DialogButtons } from './dialog';

interface OnceProps {
  title: string;
  about: ReactNode;
  value: string;
  /** Of the value, for its copy button: "the token". */
  name: string;
  /** What one does next with it. */
  children?: ReactNode;
  /** On the button that closes it. */
  done?: string;
  onDone: () => void;
}

/**
 * A value that is shown this once. Whoever renders it holds the value in the state of a component, nowhere else; it is gone when this
 * is closed, and when the page is left, also where the browser would keep the page for going back.
 */
export function OnceDialog({ title, about, value, name, children, done = 'I have copied it', onDone }: OnceProps) {
  useEffect(() => {
    window.addEventListener('pagehide', onDone);
    return () => window.removeEventListener('pagehide', onDone);
  }, [onDone]);
  return (
    <Dialog title={title} onClose={onDone} keepOpen wide>
      <div className="mt-2 space-y-4">
        <div className="text-sm text-muted wrap-anywhere">{about}</div>
        <CodeBlock text={value} name={name} />
        {children}
      </div>
      <DialogButtons>
        <Button look="primary" onClick={onDone}>
          {done}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
