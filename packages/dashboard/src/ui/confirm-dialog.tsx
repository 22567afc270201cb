import { type ReactNode, useState } from 'react';
import { Alert } from './alert';
import { Button } from './button';
import { Dialog, DialogButtons } from './dialog';
import { Field } from './field';

interface ConfirmDialogProps {
  title: string;
  /** What will happen, and to whom. */
  children: ReactNode;
  confirm: string;
  cancel?: string;
  /** Has to be typed before it can be confirmed: for what can't be brought back and is large. */
  typed?: string;
  busy: boolean;
  error: Error | null | undefined;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before something is ended. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, children, confirm, cancel = 'Keep it', typed, busy, error, onConfirm, onClose } = props;
  const [text, setText] = useState('');
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="mt-2 space-y-3 text-sm text-muted wrap-anywhere">{children}</div>
      {typed !== undefined && (
        <div className="mt-4">
          <Field
            label={`Type “${typed}” to go on`}
            autoComplete="off"
            spellCheck={false}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
      )}
      {error && (
        <div className="mt-3">
          <Alert>{error.message}</Alert>
        </div>
      )}
      <DialogButtons>
        <Button onClick={onClose}>{cancel}</Button>
        <Button look="danger" busy={busy} disabled={typed !== undefined && text.trim() !== typed} onClick={onConfirm}>
          {confirm}
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
