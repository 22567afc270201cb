import type { CommandContext } from '../../../lib/context.js';
import { day } from '../../../lib/format.js';

export async function listMembers(context: CommandContext) {
  const [api, org] = [await context.api(), await context.org()];
  const { members } = await api.listMembers(org);
  const { width } = context;
  // The address is enough to name somebody with.
  const roomy = width === undefined || width >= 110;
  context.result({ members }, () =>
    context.table(
      ['E-MAIL', 'ROLE', 'SINCE', ...(roomy ? ['ID'] : [])],
      members.map(({ email, role, createdAt, userId }) => [email, role, day(createdAt), ...(roomy ? [userId] : [])]),
    ),
  );
}
