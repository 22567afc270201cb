import type { Permission } from '@pipecat-cloud/contract/permissions';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Empty } from '../../ui/states';
import { membersQuery } from '../members/member-queries';
import { leastRoleFor, useOrg } from './org-context';

interface PermittedProps {
  needs: Permission;
  /** What it is for, after "to": "read the audit log". */
  to: string;
  children: ReactNode;
}

/** The content, or for whom the role does not allow it what they lack and who can grant it. */
export function Permitted({ needs, to, children }: PermittedProps) {
  return useOrg().can(needs) ? children : <NoPermission needs={needs} to={to} />;
}

function NoPermission({ needs, to }: Omit<PermittedProps, 'children'>) {
  const org = useOrg();
  const members = useQuery(membersQuery(org.name));
  const grantors = (members.data ?? []).filter(({ role }) => role === 'admin' || role === 'owner');
  return (
    <section aria-label="No permission" className="rounded-xl border border-line bg-card">
      <Empty title={`Your role here does not let you ${to}`}>
        <p>
          You are {org.role} of {org.verboseName}. It takes the permission{' '}
          <code className="font-mono text-[13px] text-ink">{needs}</code>, which begins with the role{' '}
          {leastRoleFor(needs)}.
        </p>
        {grantors.length > 0 && (
          <div className="mt-3">
            <p>Who can grant it:</p>
            <ul className="mt-1 font-medium text-ink">
              {grantors.slice(0, 5).map(({ userId, email }) => (
                <li key={userId} className="wrap-anywhere">
                  {email}
                </li>
              ))}
            </ul>
          </div>
        )}
      </Empty>
    </section>
  );
}
