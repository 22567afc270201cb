import type { FormEvent, ReactNode } from 'react';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';

interface ValueDialogProps {
  title: string;
  /** On the button that sends. */
  submit: string;
  busy: boolean;
  error: Error | null;
  onSend: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** The dialog of everything that takes a value of a secret. */
export function ValueDialog({ title, submit, busy, error, onSend, onClose, children }: ValueDialogProps) {
  function send(event: FormEvent) {
    event.preventDefault();
    onSend();
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={send} className="mt-4 space-y-5" autoComplete="off">
        {children}
        {error && <Alert>{error.message}</Alert>}
        <DialogButtons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={busy}>
            {submit}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
