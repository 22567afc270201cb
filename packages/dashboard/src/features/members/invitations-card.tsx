import type { Invitation } from '@pipecat-cloud/contract/members';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../../lib/api';
import { Badge, type Tone } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { Empty, Failure, Loaded } from '../../ui/states';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';
import { useOrg } from '../organization/org-context';
import { invitationsQuery, memberKeys } from './member-queries';

const tones: Readonly<Record<Invitation['state'], Tone>> = {
  pending: 'busy',
  accepted: 'good',
  expired: 'quiet',
  revoked: 'quiet',
};

export function InvitationsCard() {
  const org = useOrg();
  const queryClient = useQueryClient();
  const invitations = useQuery(invitationsQuery(org.name));
  const revoke = useMutation({
    mutationFn: (id: string) => api.revokeInvitation(org.name, id),
    onSettled: () => queryClient.invalidateQueries({ queryKey: memberKeys.invitations(org.name) }),
  });
  return (
    <Card title="Invitations">
      {revoke.isError && <Failure error={revoke.error} />}
      <Loaded query={invitations} what="invitations">
        {(all) =>
          all.length === 0 ? (
            <Empty title="Nobody was invited">An invitation is a link that works once, for one address.</Empty>
          ) : (
            <Table
              label="Invitations"
              rows={all}
              keyOf={({ id }) => id}
              columns={[
                { name: 'Address', cell: ({ email }) => <span className="wrap-anywhere">{email}</span> },
                { name: 'Role', cell: ({ role }) => role },
                { name: 'State', cell: ({ state }) => <Badge tone={tones[state]}>{state}</Badge> },
                { name: 'Ends', cell: ({ expiresAt }) => <Time at={expiresAt} capital /> },
                {
                  name: 'Actions',
                  quiet: true,
                  cell: ({ id, email, state }) =>
                    state === 'pending' && (
                      <Button
                        look="quietDanger"
                        aria-label={`Revoke the invitation of ${email}`}
                        busy={revoke.isPending && revoke.variables === id}
                        onClick={() => revoke.mutate(id)}
                      >
                        Revoke
                      </Button>
                    ),
                },
              ]}
            />
          )
        }
      </Loaded>
    </Card>
  );
}
