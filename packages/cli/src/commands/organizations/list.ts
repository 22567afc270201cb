import type { CommandContext } from '../../lib/context.js';

export async function listOrganizations(context: CommandContext) {
  const api = await context.api();
  const { organizations } = await api.listOrganizations();
  const configured = (await context.settings()).organization?.value ?? organizations[0]?.name;
  const data = organizations.map((organization) => ({ ...organization, active: organization.name === configured }));
  const { green } = context.colours;
  context.result({ organizations: data }, () =>
    context.list(
      'This token reaches no organization.',
      ['NAME', 'TITLE', 'ROLE', 'ACTIVE'],
      data.map(({ name, verboseName, role, active }) => [name, verboseName, role ?? '-', active ? 'yes' : '']),
      {
        paint: (text, row) => (data[row]?.active ? green(text) : text),
        plain: {
          headings: ['TITLE', 'NAME', 'ACTIVE', 'ROLE'],
          rows: data.map(({ name, verboseName, role, active }) => [
            verboseName,
            name,
            active ? 'active' : '',
            role ?? '',
          ]),
        },
      },
    ),
  );
}
