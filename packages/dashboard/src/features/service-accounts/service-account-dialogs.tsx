import type { ServiceAccount } from '@pipecat-cloud/contract/service-accounts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { FormEvent } from 'react';
import { api } from '../../lib/api';
import { useEdits } from '../../lib/use-edits';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { ConfirmDialog } from '../../ui/confirm-dialog';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Field, SelectField } from '../../ui/field';
import { toast } from '../../ui/toast';
import { rolesUpTo, roleWords, useOrg } from '../organization/org-context';
import { serviceAccountKeys } from './service-account-queries';

type AccountRole = ServiceAccount['role'];
interface Draft {
  name: string;
  role: AccountRole;
  description: string;
}
interface Edits {
  draft: Draft;
  changes: Partial<Draft>;
}

const draftOf = ({ name, role, description }: Draft): Draft => ({ name, role, description });

export function CreateServiceAccountDialog({ onClose }: { onClose: () => void }) {
  const org = useOrg();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const create = useMutation({
    mutationFn: ({ draft: { name, role, description } }: Edits) =>
      api.createServiceAccount(org.name, { name: name.trim(), role, ...(description ? { description } : {}) }),
    onSuccess: async ({ serviceAccount }) => {
      await queryClient.invalidateQueries({ queryKey: serviceAccountKeys.all(org.name) });
      onClose();
      await navigate({ to: '/orgs/$org/service-accounts/$id', params: { org: org.name, id: serviceAccount.id } });
    },
  });
  return (
    <AccountForm
      title="New service account"
      stored={{ name: '', role: 'developer', description: '' }}
      submit="Create account"
      change={create}
      onClose={onClose}
    />
  );
}

export function EditServiceAccountDialog({ account, onClose }: { account: ServiceAccount; onClose: () => void }) {
  const org = useOrg();
  const queryClient = useQueryClient();
  const update = useMutation({
    mutationFn: ({ changes: { role, description } }: Edits) =>
      api.updateServiceAccount(org.name, account.id, {
        ...(role === undefined ? {} : { role }),
        ...(description === undefined ? {} : { description }),
      }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: serviceAccountKeys.all(org.name) });
      toast(`${account.name} is changed.`);
      onClose();
    },
  });
  return (
    <AccountForm
      title={`Change ${account.name}`}
      named
      stored={account}
      submit="Save"
      change={update}
      onClose={onClose}
    />
  );
}

interface AccountFormProps {
  title: string;
  /** It has its name already. */
  named?: boolean;
  /** What is not edited follows it. */
  stored: Draft;
  submit: string;
  change: { mutate: (edits: Edits) => void; isPending: boolean; error: Error | null };
  onClose: () => void;
}

function AccountForm({ title, named = false, stored, submit, change, onClose }: AccountFormProps) {
  const org = useOrg();
  const { draft, changes, changed, edit } = useEdits(draftOf(stored));
  const roles = rolesUpTo(org.role).filter((role): role is AccountRole => role !== 'owner');
  function send(event: FormEvent) {
    event.preventDefault();
    change.mutate({ draft, changes });
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={send} className="mt-4 space-y-5">
        {!named && (
          <Field
            label="Name"
            hint="Lower-case letters, digits and dashes. It stays as it is."
            name="account-name"
            autoComplete="off"
            autoFocus
            required
            pattern="[a-z0-9]([\-a-z0-9]*[a-z0-9])"
            title="Lower-case letters, digits and dashes, at least two"
            maxLength={63}
            value={draft.name}
            onChange={(event) => edit({ name: event.target.value })}
          />
        )}
        <SelectField
          label="Role"
          hint={`A ${draft.role} ${roleWords[draft.role]}. Its tokens can do no more.`}
          value={draft.role}
          onChange={(event) => edit({ role: event.target.value as AccountRole })}
        >
          {roles.map((role) => (
            <option key={role} value={role}>
              {role}
            </option>
          ))}
        </SelectField>
        <Field
          label="Description (optional)"
          name="account-description"
          autoComplete="off"
          maxLength={500}
          value={draft.description}
          onChange={(event) => edit({ description: event.target.value })}
        />
        {change.error && <Alert>{change.error.message}</Alert>}
        <DialogButtons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={change.isPending} disabled={named && !changed}>
            {submit}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}

export function DeleteServiceAccountDialog({ account, onClose }: { account: ServiceAccount; onClose: () => void }) {
  const org = useOrg();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.deleteServiceAccount(org.name, account.id),
    onSuccess: async () => {
      await navigate({ to: '/orgs/$org/service-accounts', params: { org: org.name } });
      await queryClient.invalidateQueries({ queryKey: serviceAccountKeys.all(org.name) });
      toast(`${account.name} is deleted, and its tokens have ended.`);
    },
  });
  return (
    <ConfirmDialog
      title={`Delete ${account.name}?`}
      confirm="Delete account"
      typed={account.name}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <p>
        Its {account.liveTokens === 1 ? 'live token ends' : `${account.liveTokens} live tokens end`} at once, and
        whatever uses them stops. To stop them for a while only, disable the account instead.
      </p>
    </ConfirmDialog>
  );
}
