import type { Member } from '@pipecat-cloud/contract/members';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { sessionQuery } from '../../lib/session-query';
import { Button } from '../../ui/button';
import { Card } from '../../ui/card';
import { Page } from '../../ui/page';
import { Loaded } from '../../ui/states';
import { Table } from '../../ui/table';
import { Time } from '../../ui/time';
import { rolesUpTo, roleWords, useOrg } from '../organization/org-context';
import { InvitationsCard } from './invitations-card';
import { InviteDialog } from './invite-dialog';
import { membersQuery } from './member-queries';
import { RemoveMemberDialog } from './remove-member-dialog';
import { RoleChoice } from './role-choice';

/** Who belongs to the organization, with which role, and who was invited. */
export function MembersPage() {
  const org = useOrg();
  const members = useQuery(membersQuery(org.name));
  const email = useQuery(sessionQuery).data?.email;
  const [inviting, setInviting] = useState(false);
  const [removing, setRemoving] = useState<Member>();
  const manages = org.can('members:write');
  return (
    <Page
      title="Members"
      about={`People of ${org.verboseName}.`}
      actions={
        manages && (
          <Button look="primary" onClick={() => setInviting(true)}>
            Invite somebody
          </Button>
        )
      }
    >
      <Card title="People">
        <Loaded query={members} what="members">
          {(all) => (
            <Table
              label="People"
              rows={all}
              keyOf={({ userId }) => userId}
              columns={[
                {
                  name: 'Person',
                  cell: (member) => (
                    <span className="font-medium wrap-anywhere">
                      {member.email}
                      {member.email === email && <span className="font-normal text-muted"> (you)</span>}
                    </span>
                  ),
                },
                {
                  name: 'Role',
                  cell: (member) =>
                    manages && rolesUpTo(org.role).includes(member.role) ? (
                      <RoleChoice member={member} />
                    ) : (
                      <span title={roleWords[member.role]}>{member.role}</span>
                    ),
                },
                { name: 'Since', cell: ({ createdAt }) => <Time at={createdAt} capital /> },
                {
                  name: 'Actions',
                  quiet: true,
                  cell: (member) =>
                    manages &&
                    rolesUpTo(org.role).includes(member.role) &&
                    member.email !== email && (
                      <Button
                        look="quietDanger"
                        aria-label={`Remove ${member.email}`}
                        onClick={() => setRemoving(member)}
                      >
                        Remove…
                      </Button>
                    ),
                },
              ]}
            />
          )}
        </Loaded>
      </Card>
      {manages ? (
        <InvitationsCard />
      ) : (
        <p className="text-sm text-muted">Admins and owners invite people, change roles and remove members.</p>
      )}
      <RoleLegend />
      {inviting && <InviteDialog onClose={() => setInviting(false)} />}
      {removing && <RemoveMemberDialog member={removing} onClose={() => setRemoving(undefined)} />}
    </Page>
  );
}

function RoleLegend() {
  return (
    <details className="text-sm text-muted">
      <summary>What each role may do</summary>
      <dl className="mt-2 space-y-1">
        {Object.entries(roleWords).map(([role, words]) => (
          <div key={role}>
            <dt className="inline font-medium text-ink">{role}</dt> <dd className="inline">{words}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
