import type { Architecture, Region, RegisterRegionBody } from '@pipecat-cloud/contract/regions';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { api } from '../../lib/api';
import { useEdits } from '../../lib/use-edits';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { Dialog, DialogButtons } from '../../ui/dialog';
import { Check, Field, SelectField } from '../../ui/field';
import { toast } from '../../ui/toast';
import { useOrg } from '../organization/org-context';
import { regionKeys } from './region-queries';

// A list of its own: that of the contract comes with its schemas.
const architectures: readonly Architecture[] = ['amd64', 'arm64'];

interface Draft {
  regionKey: string;
  displayName: string;
  wsPublicEndpoint: string;
  declared: readonly Architecture[];
  preferred: string;
}

const draftOf = (region: Region | undefined): Draft => ({
  regionKey: region?.region_key ?? '',
  displayName: region?.display_name ?? '',
  wsPublicEndpoint: region?.ws_public_endpoint ?? '',
  declared: architectures.filter((one) => region?.supported_architectures?.includes(one)),
  preferred: region?.default_architecture ?? '',
});

/** Absent members keep their value: what was set once can be changed, and not be taken away. */
function bodyOf(regionKey: string, changes: Partial<Draft>): RegisterRegionBody {
  const { displayName = '', wsPublicEndpoint = '', declared = [] } = changes;
  const preferred = architectures.find((one) => one === changes.preferred);
  return {
    regionKey: regionKey.trim(),
    ...(displayName.trim() ? { displayName: displayName.trim() } : {}),
    ...(wsPublicEndpoint.trim() ? { wsPublicEndpoint: wsPublicEndpoint.trim() } : {}),
    ...(declared.length > 0 ? { supportedArchitectures: [...declared] } : {}),
    ...(preferred ? { defaultArchitecture: preferred } : {}),
  };
}

/** Registers a region of the organization's own, or changes one. */
export function RegionForm({ region, onClose }: { region?: Region; onClose: () => void }) {
  const org = useOrg();
  const queryClient = useQueryClient();
  const stored = draftOf(region);
  const { draft, changes, edit } = useEdits(stored);
  const save = useMutation({
    mutationFn: (body: RegisterRegionBody) => api.registerRegion(org.name, body),
    onSuccess: async ({ region_key }) => {
      onClose();
      toast(region ? `${region_key} is changed.` : `${region_key} is registered. Add a machine to it.`);
      await queryClient.invalidateQueries({ queryKey: regionKeys.all(org.name) });
    },
  });
  function send(event: FormEvent) {
    event.preventDefault();
    save.mutate(bodyOf(draft.regionKey, changes));
  }
  return (
    <Dialog title={region ? `Change ${region.region_key}` : 'Register a region'} onClose={onClose}>
      <form onSubmit={send} className="mt-4 space-y-5">
        {!region && (
          <Field
            label="Key"
            hint="What deploys call it, for example pce-lab. Lower-case letters, digits and dashes. It stays as it is."
            name="region-key"
            autoComplete="off"
            autoFocus
            required
            pattern="[a-z0-9]([\-a-z0-9]{0,61}[a-z0-9])?"
            title="At most 63 lower-case letters, digits and dashes"
            maxLength={63}
            value={draft.regionKey}
            onChange={(event) => edit({ regionKey: event.target.value })}
          />
        )}
        <Field
          label="Name for people (optional)"
          name="region-name"
          autoComplete="off"
          maxLength={100}
          required={stored.displayName !== ''}
          value={draft.displayName}
          onChange={(event) => edit({ displayName: event.target.value })}
        />
        <Field
          label="Public address of its sockets (optional)"
          hint="wss:// of a proxy of yours in front of this control plane."
          name="region-endpoint"
          autoComplete="off"
          maxLength={255}
          required={stored.wsPublicEndpoint !== ''}
          value={draft.wsPublicEndpoint}
          onChange={(event) => edit({ wsPublicEndpoint: event.target.value })}
        />
        <fieldset>
          <legend className="mb-1.5 text-sm font-medium">Architectures (optional)</legend>
          <div className="flex flex-wrap gap-x-5 gap-y-1.5">
            {architectures.map((one) => (
              <Check
                key={one}
                label={one}
                checked={draft.declared.includes(one)}
                onChange={(on) =>
                  edit({
                    declared: architectures.filter((other) => (other === one ? on : draft.declared.includes(other))),
                  })
                }
              />
            ))}
          </div>
          <p className="mt-1.5 text-sm text-muted">Without a tick, what its machines say counts.</p>
        </fieldset>
        <SelectField
          label="Default architecture"
          hint="What a deploy gets that names none."
          value={draft.preferred}
          onChange={(event) => edit({ preferred: event.target.value })}
        >
          {stored.preferred === '' && <option value="">None</option>}
          {architectures.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </SelectField>
        {save.error && <Alert>{save.error.message}</Alert>}
        <DialogButtons>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={save.isPending}>
            {region ? 'Save' : 'Register'}
          </Button>
        </DialogButtons>
      </form>
    </Dialog>
  );
}
