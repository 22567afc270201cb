import { type Command, Option } from 'commander';
import type { Run } from '../program.js';
import { each, hiddenYes, oneOf, organizationOption } from './options.js';

const roles = ['viewer', 'developer', 'admin', 'owner'] as const;

/** `organizations members …` and `organizations invitations …`. */
export function addOrganizationMembers(organizations: Command, run: Run): void {
  const members = organizations.command('members').description('People of an organization and their roles');
  const change = () => import('../commands/organizations/members/change.js');
  const who = 'e-mail address or id';

  members
    .command('list')
    .description('List who belongs to an organization')
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/organizations/members/list.js')).listMembers));
  members
    .command('role')
    .description("Change somebody's role")
    .argument('<member>', who)
    .argument('<role>', roles.join(', '), oneOf(roles))
    .addOption(organizationOption())
    .action(run(async () => (await change()).setMemberRole));
  members
    .command('remove')
    .summary('Remove somebody, and say what becomes of their tokens')
    .description(
      'Removes somebody from an organization. Their live tokens that reach it are listed first; each goes to a service\n' +
        'account, with its secret unchanged, or ends. On a terminal it asks for each.',
    )
    .argument('<member>', who)
    .addOption(new Option('--adopt <token=service-account>', 'give this token to it; repeatable').argParser(each))
    .addOption(new Option('--end <token>', 'end this token; repeatable').argParser(each))
    .option('--end-all', 'end those that no other flag names')
    .option('-f, --force', 'do not ask for a confirmation')
    .addOption(hiddenYes())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/organizations/members/remove.js')).removeMember));
  members
    .command('leave')
    .description('Leave an organization yourself')
    .option('-f, --force', 'do not ask')
    .addOption(hiddenYes())
    .addOption(organizationOption())
    .action(run(async () => (await change()).leaveOrganization));

  const invitations = organizations.command('invitations').description('Invite people to an organization');
  const load = () => import('../commands/organizations/invitations/invitations.js');
  invitations
    .command('list')
    .description('List open invitations')
    .option('--all', 'also those that were accepted, revoked or ran out')
    .addOption(organizationOption())
    .action(run(async () => (await load()).listInvitations));
  invitations
    .command('create')
    .description('Invite somebody; prints the link, which is mailed too')
    .argument('<email>', 'address to invite')
    .addOption(new Option('--role <role>', roles.join(', ')).argParser(oneOf(roles)).makeOptionMandatory())
    .option('--value-only', 'print the link and nothing else, as when piped')
    .addOption(organizationOption())
    .action(run(async () => (await load()).createInvitation));
  invitations
    .command('revoke')
    .description('Take an open invitation back')
    .argument('<invitation>', 'its id or e-mail address')
    .addOption(organizationOption())
    .action(run(async () => (await load()).revokeInvitation));
}
