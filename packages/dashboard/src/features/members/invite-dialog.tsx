import type { CreatedInvitation } from '@pipecat-cloud/contract/members';
import type { Role } from '@pipecat-cloud/contract/permissions';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../lib/api';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Field, SelectField } from '../../ui/field';
import { OnceDialog } from '../../ui/once';
import { rolesUpTo, roleWords, useOrg } from '../organization/org-context';
import { memberKeys } from './member-queries';

export function InviteDialog({ onClose }: { onClose: () => void }) {
  // The link lets whoever has it in: it lives here and nowhere else in the page.
  const [made, setMade] = useState<CreatedInvitation>();
  if (made) {
    return (
      <OnceDialog
        title={`${made.invitation.email} is invited`}
        about="The link was mailed, where this installation has a mail server; hand it over otherwise. It is shown this once, and works once, for that address alone."
        value={made.link}
        name="the link"
        done="Done"
        onDone={onClose}
      />
    );
  }
  return (
    <Dialog title="Invite somebody" onClose={onClose}>
      <InviteForm onMade={setMade} onClose={onClose} />
    </Dialog>
  );
}

function InviteForm({ onMade, onClose }: { onMade: (made: CreatedInvitation) => void; onClose: () => void }) {
  const org = useOrg();
  const queryClient = useQueryClient();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('developer');
  const invite = useMutation({
    mutationFn: () => api.createInvitation(org.name, { email: email.trim(), role }),
    onSuccess: async (made) => {
      onMade(made);
      await queryClient.invalidateQueries({ queryKey: memberKeys.invitations(org.name) });
    },
  });
  function send(event: FormEvent) {
    event.preventDefault();
    invite.mutate();
  }
  return (
    <form onSubmit={send} className="mt-4 space-y-5">
      <Field
        label="E-mail address"
        name="invited"
        type="email"
        autoComplete="off"
        autoFocus
        required
        value={email}
        onChange={(event) => setEmail(event.target.value)}
      />
      <SelectField
        label="Role"
        hint={`A ${role} ${roleWords[role]}.`}
        value={role}
        onChange={(event) => setRole(event.target.value as Role)}
      >
        {rolesUpTo(org.role).map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </SelectField>
      {invite.isError && <Alert>{invite.error.message}</Alert>}
      <DialogButtons>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" look="primary" busy={invite.isPending}>
          Invite
        </Button>
      </DialogButtons>
    </form>
  );
}
