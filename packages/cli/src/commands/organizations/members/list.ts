import type { CommandContext } from '../../../lib/context.js';
import { day } from '../../../lib/format.js';
import { table } from '../../../lib/table.js';

export async function listMembers(context: CommandContext) {
  const [api, org] = [await context.api(), await context.org()];
  const { members } = await api.listMembers(org);
  context.result({ members }, () =>
    table(
      ['E-MAIL', 'ROLE', 'SINCE', 'ID'],
      members.map(({ email, role, createdAt, userId }) => [email, role, day(createdAt), userId]),
      { width: context.width, head: context.colours.bold },
    ),
  );
}
