import type { Role } from '@pipecat-cloud/contract/permissions';
import type { CommandContext } from '../../../lib/context.js';
import { findMember } from './find.js';

export async function setMemberRole(context: CommandContext, who: string, role: Role) {
  const [api, org] = [await context.api(), await context.org()];
  const before = await findMember(api, org, who);
  const answer = await api.updateMember(org, before.userId, { role });
  context.result(answer, () =>
    before.role === role
      ? `${before.email} is ${role} of ${org} already.`
      : `${before.email} is ${role} of ${org} now, before ${before.role}. Tokens follow at once.`,
  );
}

export async function leaveOrganization(context: CommandContext, options: { force?: boolean; yes?: boolean }) {
  const [api, org] = [await context.api(), await context.org()];
  if (!options.force && !options.yes) {
    await context.confirm(`Leave ${org}? Your tokens stop reaching it at once.`, '--force');
  }
  const answer = await api.leaveOrganization(org);
  context.result({ ...answer, organization: org }, () => `You have left ${org}.`);
}
