import type { Passkey } from '@pipecat-cloud/contract/sign-in';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../lib/api';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { useSecurityRefresh } from './security-queries';
import { useConfirmed } from './use-confirmed';

interface PasskeyDialogProps {
  passkey: Passkey;
  onClose: () => void;
}

export function RenamePasskeyDialog({ passkey, onClose }: PasskeyDialogProps) {
  const refresh = useSecurityRefresh();
  const [name, setName] = useState(passkey.name);
  const rename = useMutation({
    mutationFn: () => api.renamePasskey(passkey.id, name.trim()),
    onSuccess: async () => {
      await refresh();
      onClose();
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    rename.mutate();
  }

  return (
    <Dialog title="Rename the passkey" onClose={onClose}>
      <form onSubmit={submit} className="mt-4 space-y-5">
        <Field
          label="Name"
          name="passkey-name"
          autoComplete="off"
          autoFocus
          required
          pattern=".*\S.*"
          title="At least one letter"
          maxLength={60}
          value={name}
          onChange={(event) => setName(event.target.value)}
          error={rename.error?.message}
        />
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={rename.isPending}>
            Rename
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

export function RemovePasskeyDialog({ passkey, onClose }: PasskeyDialogProps) {
  const refresh = useSecurityRefresh();
  const remove = useConfirmed({
    mutationFn: (id: string) => api.removePasskey(id),
    onSuccess: async () => {
      await refresh();
      onClose();
    },
  });
  return (
    <Dialog title={`Remove “${passkey.name}”?`} onClose={onClose}>
      <p className="mt-2 text-sm text-muted">
        It signs you in no more. Your device may go on offering it until you delete it there as well.
      </p>
      {remove.error && (
        <div className="mt-3">
          <Alert>{remove.error.message}</Alert>
        </div>
      )}
      <div className="mt-5 flex flex-wrap justify-end gap-2">
        <Button onClick={onClose}>Keep it</Button>
        <Button look="danger" busy={remove.isPending} onClick={() => remove.mutate(passkey.id)}>
          Remove passkey
        </Button>
      </div>
      {remove.dialog}
    </Dialog>
  );
}
