import type { PutSecretBody } from '@pipecat-cloud/contract/secrets';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api } from '../../lib/api';
import { Field, SelectField } from '../../ui/field';
import { useOrg } from '../organization/org-context';
import { propertiesQuery } from '../organization/organization-queries';
import { regionsQuery } from '../regions/region-queries';
import { credentialsOf, KeyFields, type PullDraft, PullFields } from './secret-fields';
import { type SecretSetEntry, secretKeys, secretSetsQuery } from './secret-queries';
import { ValueDialog } from './value-dialog';

export type SetKind = SecretSetEntry['type'];

/** A set begins with its first key, an image pull secret with its credentials; of one on the machines of a region only the name is told. */
export function CreateSetDialog({ kind, onClose }: { kind: SetKind; onClose: () => void }) {
  const org = useOrg();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const regions = useQuery({ ...regionsQuery(org.name), refetchInterval: false }).data ?? [];
  const usual = useQuery(propertiesQuery(org.name)).data?.currentValue;
  const sets = useQuery(secretSetsQuery(org.name));
  const [typedName, setName] = useState('');
  const [chosen, setChosen] = useState('');
  const [onMachines, setOnMachines] = useState(false);
  const [key, setKey] = useState({ name: '', value: '' });
  const [pull, setPull] = useState<PullDraft>({ host: '', user: '', password: '' });
  const name = typedName.trim();
  const region = chosen || usual;
  const taken = sets.data?.some((set) => set.name === name);
  // Only the organization's own machines serve nobody else.
  const canStay = kind === 'secret' && regions.some(({ code, registered }) => code === region && registered === true);
  const stays = canStay && onMachines;
  const create = useMutation({
    mutationFn: async () => {
      if (stays && region) return await api.referenceSecretSet(org.name, { name, region });
      const body = { ...bodyOfSet(), ...(chosen && { region: chosen }) };
      // The list may be older than a set of this name.
      return await api.putSecret(org.name, name, body, { 'if-none-match': '*' });
    },
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: secretKeys.all(org.name) });
      onClose();
      await navigate({ to: '/orgs/$org/secrets/$set', params: { org: org.name, set: name } });
    },
    // A value that was refused is not kept either.
    onError: () => {
      setKey((before) => ({ ...before, value: '' }));
      setPull((before) => ({ ...before, password: '' }));
    },
  });
  const bodyOfSet = (): PutSecretBody =>
    kind === 'secret'
      ? { secretKey: key.name, secretValue: key.value }
      : { isImagePullSecret: true, host: pull.host.trim(), secretValue: credentialsOf(pull) };
  return (
    <ValueDialog
      title={kind === 'secret' ? 'New secret set' : 'New image pull secret'}
      submit="Create"
      busy={create.isPending}
      error={create.error}
      onSend={() => !taken && create.mutate()}
      onClose={onClose}
    >
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
        value={typedName}
        onChange={(event) => setName(event.target.value)}
        error={taken ? 'There is a set of this name: open it to change a key, or choose another name' : undefined}
      />
      {regions.length > 1 && (
        <SelectField
          label="Region"
          hint="Agents can use it only there. It stays as it is."
          value={region}
          onChange={(event) => setChosen(event.target.value)}
        >
          {regions.map(({ code }) => (
            <option key={code}>{code}</option>
          ))}
        </SelectField>
      )}
      {canStay && (
        <SelectField
          label="Its values"
          hint={
            stays &&
            `On each machine, in the file ${name || 'NAME'}.env of the folder PIPECAT_CLOUD_WORKER_SECRETS_DIR. Only the name is kept here.`
          }
          value={stays ? 'machines' : 'here'}
          onChange={(event) => setOnMachines(event.target.value === 'machines')}
        >
          <option value="here">are kept here, sealed</option>
          <option value="machines">stay on the machines of the region</option>
        </SelectField>
      )}
      {kind === 'imagePullSecret' ? (
        <PullFields draft={pull} onChange={setPull} />
      ) : (
        !stays && <KeyFields draft={key} onChange={setKey} />
      )}
    </ValueDialog>
  );
}
