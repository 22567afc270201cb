import type { Role } from '@pipecat-cloud/contract/permissions';
import type { CommandContext } from '../../../lib/context.js';
import { notFound, usageError } from '../../../lib/errors.js';
import { day, minute } from '../../../lib/format.js';
import { showSecret } from '../../token/show-value.js';

export async function listInvitations(context: CommandContext, options: { all?: boolean }) {
  const [api, org] = [await context.api(), await context.org()];
  const listed = (await api.listInvitations(org)).invitations;
  const invitations = options.all ? listed : listed.filter(({ state }) => state === 'pending');
  const { dim } = context.colours;
  const roomy = context.width === undefined || context.width >= 110;
  context.result({ invitations }, () =>
    context.list(
      `No open invitations to ${org}. Invite somebody with: pipecat cloud organizations invitations create EMAIL --role ROLE`,
      ['E-MAIL', 'ROLE', 'STATE', 'SENT', 'UNTIL', ...(roomy ? ['ID'] : [])],
      invitations.map(({ email, role, state, createdAt, expiresAt, id }) => [
        email,
        role,
        state,
        day(createdAt),
        day(expiresAt),
        ...(roomy ? [id] : []),
      ]),
      {
        paint: (text, row) => (invitations[row]?.state === 'pending' ? text : dim(text)),
      },
    ),
  );
}

/** The link lets whoever opens it join, so it is treated as a secret. */
export async function createInvitation(
  context: CommandContext,
  email: string,
  options: { role: Role; valueOnly?: boolean },
) {
  if (!/^[^\s@]+@[^\s@]+$/.test(email) || email.length > 254) throw usageError(`'${email}' is no e-mail address.`);
  const [api, org] = [await context.api(), await context.org()];
  const created = await api.createInvitation(org, { email, role: options.role });
  const { invitation, link } = created;
  showSecret(context, {
    value: link,
    data: created,
    valueOnly: options.valueOnly,
    headline: `${invitation.email} is invited to ${org} as ${invitation.role}, until ${minute(invitation.expiresAt)} UTC.`,
    hints: ['Mailed too, where a mail server is set. Whoever has the link can join.'],
  });
}

export async function revokeInvitation(context: CommandContext, wanted: string) {
  const [api, org] = [await context.api(), await context.org()];
  const { invitations } = await api.listInvitations(org);
  const pending = invitations.filter(({ state }) => state === 'pending');
  const found =
    pending.find(({ id }) => id === wanted) ??
    pending.find(({ email }) => email.toLowerCase() === wanted.toLowerCase());
  if (!found)
    throw notFound(
      `No open invitation '${wanted}' to ${org}.`,
      "'organizations invitations list' shows those that are open.",
    );
  const answer = await api.revokeInvitation(org, found.id);
  context.result({ ...answer, invitation: found }, () => `The invitation of ${found.email} to ${org} is revoked.`);
}
