import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { organizationsQuery } from '../features/organization/organization-queries';
import { Icon } from '../ui/icon';
import { Menu, MenuItem, MenuLine } from '../ui/menu';
import { useCurrentOrganization } from './current-org';

/** Shows the organization and leads to another one, or to making one. */
export function OrganizationSwitcher({ onChosen }: { onChosen?: (() => void) | undefined }) {
  const navigate = useNavigate();
  const current = useCurrentOrganization();
  const organizations = useQuery(organizationsQuery).data ?? [];
  return (
    <Menu
      align="start"
      trigger={
        <button
          type="button"
          className="flex w-full items-center justify-between gap-2 rounded-lg border border-line bg-card px-3 py-2 text-left hover:bg-sunken"
        >
          <span className="min-w-0">
            <span className="sr-only">Organization: </span>
            <span className="block truncate text-sm font-medium">{current?.verboseName ?? 'No organization'}</span>
            {current && (
              <span className="block truncate text-xs text-muted">
                {current.name} · {current.role}
              </span>
            )}
          </span>
          <Icon name="chevrons" />
        </button>
      }
    >
      {organizations.map(({ name, verboseName }) => (
        <MenuItem
          key={name}
          current={name === current?.name}
          onSelect={() => {
            onChosen?.();
            void navigate({ to: '/orgs/$org', params: { org: name } });
          }}
        >
          {verboseName}
        </MenuItem>
      ))}
      {organizations.length > 0 && <MenuLine />}
      <MenuItem
        onSelect={() => {
          onChosen?.();
          void navigate({ to: '/account/new-organization' });
        }}
      >
        New organization…
      </MenuItem>
    </Menu>
  );
}
