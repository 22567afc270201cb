import type { PutSecretBody } from '@pipecat-cloud/contract/secrets';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api } from '../../lib/api';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Field, SelectField } from '../../ui/field';
import { useOrg } from '../organization/org-context';
import { propertiesQuery } from '../organization/organization-queries';
import { credentialsOf, KeyFields, type PullDraft, PullFields } from './secret-fields';
import { type SecretSetEntry, secretKeys, secretSetsQuery } from './secret-queries';

export type SetKind = SecretSetEntry['type'];

/** A set begins with its first key, an image pull secret with its credentials. */
export function CreateSetDialog({ kind, onClose }: { kind: SetKind; onClose: () => void }) {
  const org = useOrg();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const properties = useQuery(propertiesQuery(org.name));
  const sets = useQuery(secretSetsQuery(org.name));
  const [name, setName] = useState('');
  const [region, setRegion] = useState('');
  const [key, setKey] = useState({ name: '', value: '' });
  const [pull, setPull] = useState<PullDraft>({ host: '', user: '', password: '' });
  const taken = sets.data?.some((set) => set.name === name.trim());
  const create = useMutation({
    mutationFn: (body: PutSecretBody) => api.putSecret(org.name, name.trim(), body),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: secretKeys.all(org.name) });
      onClose();
      await navigate({ to: '/orgs/$org/secrets/$set', params: { org: org.name, set: name.trim() } });
    },
    // A value that was refused is not kept either.
    onError: () => {
      setKey((before) => ({ ...before, value: '' }));
      setPull((before) => ({ ...before, password: '' }));
    },
  });
  function send(event: FormEvent) {
    event.preventDefault();
    if (taken) return;
    const place = region ? { region } : {};
    create.mutate(
      kind === 'secret'
        ? { secretKey: key.name, secretValue: key.value, ...place }
        : { isImagePullSecret: true, host: pull.host.trim(), secretValue: credentialsOf(pull), ...place },
    );
  }
  return (
    <Dialog title={kind === 'secret' ? 'New secret set' : 'New image pull secret'} onClose={onClose}>
      <form onSubmit={send} className="mt-4 space-y-5" autoComplete="off">
        <Field
          label="Name"
          hint="What a deploy calls it. Lower-case letters, digits, dashes and dots. It stays as it is."
          name="set-name"
          autoComplete="off"
          autoFocus
          required
          minLength={3}
          maxLength={63}
          pattern="[a-z0-9]([\-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([\-a-z0-9]*[a-z0-9])?)*"
          title="3 to 63 lower-case letters, digits, dashes and dots"
          value={name}
          onChange={(event) => setName(event.target.value)}
          error={taken ? 'There is a set of this name: open it to change a key, or choose another name' : undefined}
        />
        {(properties.data?.availableValues.length ?? 0) > 1 && (
          <SelectField
            label="Region"
            hint="Agents can use it only there. It stays as it is."
            value={region || properties.data?.currentValue}
            onChange={(event) => setRegion(event.target.value)}
          >
            {properties.data?.availableValues.map((value) => (
              <option key={value} value={value}>
                {value}
              </option>
            ))}
          </SelectField>
        )}
        {kind === 'secret' ? (
          <KeyFields draft={key} onChange={setKey} />
        ) : (
          <PullFields draft={pull} onChange={setPull} />
        )}
        {create.error && <Alert>{create.error.message}</Alert>}
        <DialogButtons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={create.isPending}>
            Create
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
