import type { CommandContext } from '../../lib/context.js';
import { table } from '../../lib/table.js';

export async function listOrganizations(context: CommandContext) {
  const api = await context.api();
  const { organizations } = await api.listOrganizations();
  const configured = (await context.settings()).organization?.value ?? organizations[0]?.name;
  const data = organizations.map((organization) => ({ ...organization, active: organization.name === configured }));
  const { bold, green } = context.colours;
  context.result({ organizations: data }, () =>
    data.length === 0
      ? 'This token reaches no organization.'
      : table(
          ['NAME', 'TITLE', 'ROLE', 'ACTIVE'],
          data.map(({ name, verboseName, role, active }) => [name, verboseName, role ?? '-', active ? 'yes' : '']),
          { width: context.width, head: bold, paint: (text, row) => (data[row]?.active ? green(text) : text) },
        ),
  );
}
