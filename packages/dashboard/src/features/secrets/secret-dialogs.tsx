import type { PutSecretBody } from '@pipecat-cloud/contract/secrets';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../lib/api';
import { Alert } from '../../ui/alert';
import { ConfirmDialog } from '../../ui/confirm-dialog';
import { toast } from '../../ui/toast';
import { useOrg } from '../organization/org-context';
import { credentialsOf, KeyFields, PullFields } from './secret-fields';
import { type SecretSetEntry, secretKeys, secretSetQuery } from './secret-queries';
import { ValueDialog } from './value-dialog';

export type SecretDoing =
  | { what: 'add' | 'credentials' | 'delete-set' }
  | { what: 'replace' | 'delete-key'; key: string };

interface SecretDialogsProps {
  set: SecretSetEntry;
  doing: SecretDoing | undefined;
  onClose: () => void;
}

export function SecretDialogs({ set, doing, onClose }: SecretDialogsProps) {
  if (!doing) return null;
  if (doing.what === 'add') return <SetKey set={set} onClose={onClose} />;
  if (doing.what === 'replace') return <SetKey set={set} replaced={doing.key} onClose={onClose} />;
  if (doing.what === 'credentials') return <SetCredentials set={set} onClose={onClose} />;
  if (doing.what === 'delete-key') return <DeleteKey set={set} name={doing.key} onClose={onClose} />;
  return <DeleteSet set={set} onClose={onClose} />;
}

interface DialogProps {
  set: SecretSetEntry;
  onClose: () => void;
}

/** `forget` empties the field that holds the value, whatever became of it. */
function usePut(
  set: SecretSetEntry,
  { said, forget, onClose }: { said: string; forget: () => void; onClose: () => void },
) {
  const org = useOrg();
  const queryClient = useQueryClient();
  return useMutation({
    // A set that was deleted meanwhile does not come back with this one key.
    mutationFn: (body: PutSecretBody) => api.putSecret(org.name, set.name, body, { 'if-match': '*' }),
    onSuccess: async () => {
      onClose();
      toast(said);
      await queryClient.invalidateQueries({ queryKey: secretKeys.all(org.name) });
    },
    onSettled: forget,
  });
}

function SetKey({ set, replaced, onClose }: DialogProps & { replaced?: string }) {
  const org = useOrg();
  const known = useQuery(secretSetQuery(org.name, set.name)).data?.secrets ?? [];
  const [draft, setDraft] = useState({ name: replaced ?? '', value: '' });
  const put = usePut(set, {
    said: replaced ? `${replaced} has a new value.` : `${draft.name} is added.`,
    forget: () => setDraft((before) => ({ ...before, value: '' })),
    onClose,
  });
  const overwrites = replaced === undefined && known.some(({ fieldName }) => fieldName === draft.name);
  return (
    <ValueDialog
      title={replaced ? `Replace the value of ${replaced}` : `Add a key to ${set.name}`}
      submit={replaced || overwrites ? 'Replace' : 'Add'}
      busy={put.isPending}
      error={put.error}
      onSend={() => put.mutate({ secretKey: draft.name, secretValue: draft.value })}
      onClose={onClose}
    >
      <KeyFields draft={draft} named={replaced !== undefined} onChange={setDraft} />
      {overwrites && <Alert tone="warn">{draft.name} is there already: its value will be replaced.</Alert>}
    </ValueDialog>
  );
}

function SetCredentials({ set, onClose }: DialogProps) {
  const [draft, setDraft] = useState({ host: '', user: '', password: '' });
  const put = usePut(set, {
    said: `${set.name} has new credentials.`,
    forget: () => setDraft((before) => ({ ...before, password: '' })),
    onClose,
  });
  return (
    <ValueDialog
      title={`Replace the credentials of ${set.name}`}
      submit="Replace"
      busy={put.isPending}
      error={put.error}
      onSend={() => put.mutate({ isImagePullSecret: true, host: draft.host.trim(), secretValue: credentialsOf(draft) })}
      onClose={onClose}
    >
      <PullFields draft={draft} onChange={setDraft} />
    </ValueDialog>
  );
}

function DeleteKey({ set, name, onClose }: DialogProps & { name: string }) {
  const org = useOrg();
  const queryClient = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.deleteSecret(org.name, set.name, name),
    onSuccess: async () => {
      onClose();
      toast(`${name} is deleted.`);
      await queryClient.invalidateQueries({ queryKey: secretKeys.all(org.name) });
    },
  });
  return (
    <ConfirmDialog
      title={`Delete ${name}?`}
      confirm="Delete key"
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <p>
        Instances that start after this are without it{usersOf(set)}. Those that run keep it. Its value cannot be
        brought back.
      </p>
    </ConfirmDialog>
  );
}

function DeleteSet({ set, onClose }: DialogProps) {
  const org = useOrg();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.deleteSecretSet(org.name, set.name),
    onSuccess: async () => {
      await navigate({ to: '/orgs/$org/secrets', params: { org: org.name }, replace: true });
      await queryClient.invalidateQueries({ queryKey: secretKeys.all(org.name) });
      toast(`${set.name} is deleted.`);
    },
  });
  const inUse = (set.usedBy?.length ?? 0) > 0;
  return (
    <ConfirmDialog
      title={`Delete ${set.name}?`}
      confirm="Delete set"
      typed={set.name}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      {inUse ? (
        <p>
          {set.usedBy?.join(', ')} {set.usedBy?.length === 1 ? 'uses' : 'use'} it, and it is not deleted while that is
          so. Attach another set to each first and wait until its older instances are gone, or delete the agent.
        </p>
      ) : (
        <p>
          What is in it cannot be brought back. No agent uses it now; to roll back to a deployment that did is over.
        </p>
      )}
    </ConfirmDialog>
  );
}

const usersOf = ({ usedBy = [] }: SecretSetEntry) =>
  usedBy.length > 0 ? `, and ${usedBy.join(', ')} may need it` : '';
