import type { Passkey } from '@pipecat-cloud/contract/sign-in';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../lib/api';
import { createPasskey } from '../../lib/passkeys';
import { browserOf } from '../../lib/user-agent';
import { Button } from '../../ui/button';
import { ConfirmDialog } from '../../ui/confirm-dialog';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { useSecurityRefresh } from './security-queries';
import { useConfirmed } from './use-confirmed';

interface PasskeyDialogProps {
  passkey: Passkey;
  onClose: () => void;
}

/** After a change the page is read again, and the dialog closes. */
function useDone(onClose: () => void): () => Promise<void> {
  const refresh = useSecurityRefresh();
  return async () => {
    await refresh();
    onClose();
  };
}

export function AddPasskeyDialog({ onClose }: { onClose: () => void }) {
  const add = useConfirmed({
    mutationFn: async (name: string) => {
      const response = await createPasskey(await api.passkeyOptions());
      return await api.addPasskey({ name, response });
    },
    onSuccess: useDone(onClose),
  });
  return (
    <>
      <NameDialog
        title="Add a passkey"
        initial={browserOf(window.navigator.userAgent)}
        hint="So that you know it again. Your browser asks for the rest."
        submit="Continue"
        change={add}
        onClose={onClose}
      />
      {add.dialog}
    </>
  );
}

export function RenamePasskeyDialog({ passkey, onClose }: PasskeyDialogProps) {
  const rename = useMutation({
    mutationFn: (name: string) => api.renamePasskey(passkey.id, name),
    onSuccess: useDone(onClose),
  });
  return (
    <NameDialog title="Rename the passkey" initial={passkey.name} submit="Rename" change={rename} onClose={onClose} />
  );
}

export function RemovePasskeyDialog({ passkey, onClose }: PasskeyDialogProps) {
  const remove = useConfirmed({ mutationFn: (id: string) => api.removePasskey(id), onSuccess: useDone(onClose) });
  return (
    <>
      <ConfirmDialog
        title={`Remove “${passkey.name}”?`}
        confirm="Remove passkey"
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate(passkey.id)}
        onClose={onClose}
      >
        <p>It signs you in no more. Your device may go on offering it until you delete it there as well.</p>
      </ConfirmDialog>
      {remove.dialog}
    </>
  );
}

interface NameDialogProps {
  title: string;
  initial: string;
  hint?: string;
  submit: string;
  change: { mutate: (name: string) => void; isPending: boolean; error: Error | null | undefined };
  onClose: () => void;
}

function NameDialog({ title, initial, hint, submit, change, onClose }: NameDialogProps) {
  const [name, setName] = useState(initial);
  function send(event: FormEvent) {
    event.preventDefault();
    change.mutate(name.trim());
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={send} className="mt-4">
        <Field
          label="Name"
          hint={hint}
          name="passkey-name"
          autoComplete="off"
          autoFocus
          required
          pattern=".*\S.*"
          title="At least one letter"
          maxLength={60}
          value={name}
          onChange={(event) => setName(event.target.value)}
          error={change.error?.message}
        />
        <DialogButtons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={change.isPending}>
            {submit}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
