import type { Member } from '@pipecat-cloud/contract/members';
import type { Role } from '@pipecat-cloud/contract/permissions';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '../../lib/api';
import { toast } from '../../ui/toast';
import { rolesUpTo, useOrg } from '../organization/org-context';
import { organizationKeys } from '../organization/organization-queries';
import { memberKeys } from './member-queries';

/** Changes a role as soon as another is chosen; a refusal stands below, and the role stays. */
export function RoleChoice({ member }: { member: Member }) {
  const org = useOrg();
  const queryClient = useQueryClient();
  const change = useMutation({
    mutationFn: (role: Role) => api.updateMember(org.name, member.userId, { role }),
    onSuccess: async (_, role) => {
      toast(`${member.email} is ${role} now.`);
      await queryClient.invalidateQueries({ queryKey: memberKeys.members(org.name) });
      // One's own role may have changed, and with it what the pages offer.
      await queryClient.invalidateQueries({ queryKey: organizationKeys.all });
    },
  });
  return (
    <>
      <select
        aria-label={`Role of ${member.email}`}
        disabled={change.isPending}
        value={change.isPending ? change.variables : member.role}
        onChange={(event) => change.mutate(event.target.value as Role)}
        className="min-h-9 rounded-lg border border-strong-line bg-card px-2.5"
      >
        {rolesUpTo(org.role).map((role) => (
          <option key={role} value={role}>
            {role}
          </option>
        ))}
      </select>
      {change.isError && (
        <p role="alert" className="mt-1 text-bad wrap-anywhere">
          {change.error.message}
        </p>
      )}
    </>
  );
}
