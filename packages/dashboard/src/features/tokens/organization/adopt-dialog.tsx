import type { Token } from '@pipecat-cloud/contract/tokens';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../../lib/api';
import { Alert } from '../../../ui/alert';
import { Button } from '../../../ui/button';
import { Dialog, DialogButtons } from '../../../ui/dialog';
import { SelectField } from '../../../ui/field';
import { Loaded } from '../../../ui/states';
import { toast } from '../../../ui/toast';
import { useOrg } from '../../organization/org-context';
import { serviceAccountsQuery } from '../../service-accounts/service-account-queries';

/** Gives a person's token to a service account; its secret stays as it is. */
export function AdoptDialog({ token, onClose }: { token: Token; onClose: () => void }) {
  const org = useOrg();
  const queryClient = useQueryClient();
  const accounts = useQuery(serviceAccountsQuery(org.name));
  const [chosen, setChosen] = useState('');
  const adopt = useMutation({
    mutationFn: () => api.adoptToken(org.name, token.id, chosen),
    onSuccess: async () => {
      toast(`“${token.name}” belongs to a service account now.`);
      onClose();
      await queryClient.invalidateQueries({ queryKey: ['org', org.name] });
    },
  });
  return (
    <Dialog title={`Hand over “${token.name}”`} onClose={onClose}>
      <p className="mt-2 mb-4 text-sm text-muted">
        Its secret goes on working, so nothing that uses it stops. From then on it can do what it could do in this
        organization, and {token.owner.name} is its owner no more.
      </p>
      <Loaded query={accounts} what="service accounts">
        {(all) =>
          all.length === 0 ? (
            <Alert tone="warn">There is no service account here yet. Make one first.</Alert>
          ) : (
            <SelectField label="Service account" value={chosen} onChange={(event) => setChosen(event.target.value)}>
              <option value="" disabled>
                Choose…
              </option>
              {all.map(({ id, name, role }) => (
                <option key={id} value={id}>
                  {name} ({role})
                </option>
              ))}
            </SelectField>
          )
        }
      </Loaded>
      {adopt.isError && (
        <div className="mt-3">
          <Alert>{adopt.error.message}</Alert>
        </div>
      )}
      <DialogButtons>
        <Button onClick={onClose}>Cancel</Button>
        <Button look="primary" disabled={chosen === ''} busy={adopt.isPending} onClick={() => adopt.mutate()}>
          Hand over
        </Button>
      </DialogButtons>
    </Dialog>
  );
}
