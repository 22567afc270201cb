import { type FormEvent, useState } from 'react';
import { api } from '../../lib/api';
import { createPasskey } from '../../lib/passkeys';
import { browserOf } from '../../lib/user-agent';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { useSecurityRefresh } from './security-queries';
import { useConfirmed } from './use-confirmed';

export function AddPasskeyDialog({ onClose }: { onClose: () => void }) {
  const refresh = useSecurityRefresh();
  const [name, setName] = useState(() => browserOf(window.navigator.userAgent));
  const add = useConfirmed({
    mutationFn: async (chosen: string) => {
      const response = await createPasskey(await api.passkeyOptions());
      return await api.addPasskey({ name: chosen, response });
    },
    onSuccess: async () => {
      await refresh();
      onClose();
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    add.mutate(name.trim());
  }

  return (
    <Dialog title="Add a passkey" onClose={onClose}>
      <form onSubmit={submit} className="mt-4 space-y-5">
        <Field
          label="Name"
          hint="So that you know it again. Your browser asks for the rest."
          name="passkey-name"
          autoComplete="off"
          autoFocus
          required
          pattern=".*\S.*"
          title="At least one letter"
          maxLength={60}
          value={name}
          onChange={(event) => setName(event.target.value)}
          error={add.error?.message}
        />
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={add.isPending}>
            Continue
          </Button>
        </div>
      </form>
      {add.dialog}
    </Dialog>
  );
}
