import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../../lib/api';
import { SelectField } from '../../../ui/field';
import { membersQuery } from '../../members/member-queries';
import { useOrg } from '../../organization/org-context';
import { serviceAccountsQuery } from '../../service-accounts/service-account-queries';
import { PanicDialog } from '../panic-dialog';

/** The organization's: all of it, or one person's or service account's. */
export function OrganizationPanic({ onClose }: { onClose: () => void }) {
  const org = useOrg();
  const members = useQuery(membersQuery(org.name)).data ?? [];
  const accounts = useQuery(serviceAccountsQuery(org.name)).data ?? [];
  const [whose, setWhose] = useState('');
  const [kind, id = ''] = whose.split(' ');
  return (
    <PanicDialog
      about={`All tokens that reach ${org.verboseName} and were made or used in that time are ended, also those of others.`}
      revoke={(since) =>
        api.panicOrganization(org.name, {
          since,
          ...(kind === 'user' ? { userId: id } : kind === 'account' ? { serviceAccountId: id } : {}),
        })
      }
      onClose={onClose}
    >
      <SelectField label="Whose" value={whose} onChange={(event) => setWhose(event.target.value)}>
        <option value="">Everybody’s</option>
        {members.map(({ userId, email }) => (
          <option key={userId} value={`user ${userId}`}>
            {email}
          </option>
        ))}
        {accounts.map(({ id: accountId, name }) => (
          <option key={accountId} value={`account ${accountId}`}>
            {name} (service account)
          </option>
        ))}
      </SelectField>
    </PanicDialog>
  );
}
