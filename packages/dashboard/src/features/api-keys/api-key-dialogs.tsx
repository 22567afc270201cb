import type { CreatedApiKey } from '@pipecat-cloud/contract/api-keys';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../../lib/api';
import { Button } from '../../ui/button';
import { ConfirmDialog } from '../../ui/confirm-dialog';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Field } from '../../ui/field';
import { OnceDialog } from '../../ui/once';
import { toast } from '../../ui/toast';
import { useOrg } from '../organization/org-context';
import { apiKeyKeys } from './api-key-queries';

export type KeyType = 'public' | 'private';
export type KeyDoing =
  | { what: 'create'; type: KeyType }
  | { what: 'rotate' | 'revoke'; type: KeyType; id: string; name: string };

interface ApiKeyDialogsProps {
  doing: KeyDoing | undefined;
  onClose: () => void;
}

export function ApiKeyDialogs({ doing, onClose }: ApiKeyDialogsProps) {
  if (!doing) return null;
  return doing.what === 'revoke' ? (
    <RevokeKey name={doing.name} id={doing.id} onClose={onClose} />
  ) : (
    <MakeKey doing={doing} onClose={onClose} />
  );
}

function MakeKey({ doing, onClose }: { doing: KeyDoing; onClose: () => void }) {
  // The value of a private key lives here and nowhere else in the page.
  const [made, setMade] = useState<CreatedApiKey>();
  if (made) {
    return (
      <OnceDialog
        title={`Copy the ${made.type} key`}
        about={
          made.type === 'private' ? (
            <>
              This is the only time that <strong className="font-medium text-ink">{made.metadata.name}</strong> is shown
              in full. Keep it on your servers: whoever has it can deploy and delete agents.
            </>
          ) : (
            'It is listed here at any time: it only starts sessions.'
          )
        }
        value={made.key}
        name="the key"
        onDone={onClose}
      />
    );
  }
  return doing.what === 'create' ? (
    <CreateKey type={doing.type} onMade={setMade} onClose={onClose} />
  ) : (
    <RotateKey doing={doing} onMade={setMade} onClose={onClose} />
  );
}

interface MakingProps {
  onMade: (made: CreatedApiKey) => void;
  onClose: () => void;
}

function useMakeKey<Variables>(make: (variables: Variables) => Promise<CreatedApiKey>, onMade: MakingProps['onMade']) {
  const org = useOrg();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: make,
    onSuccess: async (made) => {
      onMade(made);
      await queryClient.invalidateQueries({ queryKey: apiKeyKeys.all(org.name) });
    },
  });
}

function CreateKey({ type, onMade, onClose }: MakingProps & { type: KeyType }) {
  const org = useOrg();
  const [name, setName] = useState('');
  const create = useMakeKey((chosen: string) => api.createApiKey(org.name, { name: chosen, type }), onMade);
  function send(event: FormEvent) {
    event.preventDefault();
    create.mutate(name.trim());
  }
  return (
    <Dialog title={`New ${type} key`} onClose={onClose}>
      <form onSubmit={send} className="mt-4">
        <Field
          label="Name"
          hint="Where it is used, so that you know it again."
          name="key-name"
          autoComplete="off"
          autoFocus
          required
          pattern=".*\S.*"
          title="At least one letter"
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.target.value)}
          error={create.error?.message}
        />
        <DialogButtons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={create.isPending}>
            Create key
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}

function RotateKey({ doing, onMade, onClose }: MakingProps & { doing: { id: string; name: string } }) {
  const org = useOrg();
  const rotate = useMakeKey((id: string) => api.rotateApiKey(org.name, id), onMade);
  return (
    <ConfirmDialog
      title={`Rotate “${doing.name}”?`}
      confirm="Rotate key"
      cancel="Leave it"
      busy={rotate.isPending}
      error={rotate.error}
      onConfirm={() => rotate.mutate(doing.id)}
      onClose={onClose}
    >
      <p>
        You get a new value, and the old one stops at once. Where that would stop something, make a second key instead,
        change over, then revoke this one.
      </p>
    </ConfirmDialog>
  );
}

function RevokeKey({ id, name, onClose }: { id: string; name: string; onClose: () => void }) {
  const org = useOrg();
  const queryClient = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => api.revokeApiKey(org.name, id),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: apiKeyKeys.all(org.name) });
      toast(`The key “${name}” is revoked.`);
      onClose();
    },
  });
  return (
    <ConfirmDialog
      title={`Revoke “${name}”?`}
      confirm="Revoke key"
      busy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate()}
      onClose={onClose}
    >
      <p>Whatever uses it stops working at once, and it cannot be brought back.</p>
    </ConfirmDialog>
  );
}
