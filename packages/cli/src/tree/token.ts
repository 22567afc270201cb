import { permissions } from '@pipecat-cloud/contract/permissions';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Run } from '../program.js';
import { hiddenYes, integer, integerOrNone, list, organizationOption } from './options.js';

const daysOption = (about: string) =>
  new Option('--days <count>', about).argParser(integerOrNone(1, 3650)).conflicts('expiresAt');
const expiresAtOption = () => new Option('--expires-at <date>', 'day or time (UTC) at which it ends');
const serviceAccountOption = (about: string) => new Option('--service-account <name>', about);
const allOption = () => new Option('--all', 'among all tokens that reach the organization (admins)');
const valueOnlyOption = () => new Option('--value-only', 'print the value and nothing else, as when piped');
const idHelp = 'id, the beginning of one, or its name';

/** Everything about tokens. Returns the group, for the commands that live elsewhere. */
export function addToken(program: Command, run: Run): Command {
  const token = program.command('token').description('Tokens: make, list, narrow, rotate and revoke them');

  narrowed(
    token
      .command('create')
      .summary('Make a token for yourself or a service account')
      .description(
        'Makes a token. Its value is shown this once; piped, it is all that goes to standard output.\n' +
          'Without restrictions it may do whatever its owner may, but not make other tokens.',
      )
      .option('-n, --name <name>', 'what to call it')
      .addOption(daysOption('days until it ends, or none (default: 90, for service accounts 180)'))
      .addOption(expiresAtOption())
      .addOption(serviceAccountOption('make it for this service account')),
  )
    .addOption(valueOnlyOption())
    .addOption(organizationOption())
    .addHelpText('after', permissionHelp)
    .action(run(async () => (await import('../commands/token/create.js')).createToken));
  token
    .command('list')
    .description('List your tokens, those of a service account, or all that reach the organization')
    .addOption(serviceAccountOption('those of this service account'))
    .addOption(allOption())
    .option('--ended', 'also those that expired or were revoked')
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/token/list.js')).listTokens));
  token
    .command('show')
    .description('Show one token: what it may do, when it ends, who used it last')
    .argument('<token>', `${idHelp}, or self`)
    .addOption(serviceAccountOption('among those of this service account'))
    .addOption(allOption())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/token/show.js')).showToken));
  token
    .command('rotate')
    .summary('Replace the secret of a token')
    .description(
      'Makes a successor with a new secret. The old secret goes on until the new one is used, or the overlap is over.\n' +
        "With 'self' the end stays, and where the token is a stored one, the credentials file gets the new secret.",
    )
    .argument('<token>', `${idHelp}, or self for the token in use`)
    .addOption(
      new Option('--overlap-hours <hours>', 'how long the old secret goes on at most (default: 24)').argParser(hours),
    )
    .option('--leaked', 'stop the old secret at once')
    .addOption(daysOption('new life of the successor, or none (default: as long as before)'))
    .addOption(expiresAtOption())
    .addOption(serviceAccountOption('among those of this service account'))
    .addOption(valueOnlyOption())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/token/rotate.js')).rotateToken));
  narrowed(
    token
      .command('derive')
      .summary('Make a narrower, shorter token from one')
      .description('Makes a token that may do no more and lives no longer than its parent, and ends with it.')
      .option('-n, --name <name>', 'what to call it')
      .addOption(new Option('--from <token>', `parent: ${idHelp}, or self for the token in use`).default('self'))
      .addOption(
        new Option('--minutes <count>', 'minutes until it ends (default: as its parent)').argParser(
          integer(1, 525_600),
        ),
      )
      .addOption(daysOption('days until it ends'))
      .addOption(expiresAtOption()),
  )
    .addOption(valueOnlyOption())
    .addHelpText('after', permissionHelp)
    .action(run(async () => (await import('../commands/token/derive.js')).deriveToken));
  token
    .command('revoke')
    .summary('End a token at once')
    .description('Ends a token at once and for good, with everything derived from it.')
    .argument('<token>', `${idHelp}, or self for the token in use`)
    .addOption(serviceAccountOption('among those of this service account'))
    .addOption(new Option('--all', "anybody's: it stops reaching the organization (admins)"))
    .option('-f, --force', 'do not ask')
    .addOption(hiddenYes())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/token/revoke.js')).revokeToken));
  addForAdmins(token, run);
  return token;
}

function addForAdmins(token: Command, run: Run): void {
  const load = () => import('../commands/token/organization-token.js');
  token
    .command('adopt')
    .summary('Give a token to a service account')
    .description("Moves a person's token to a service account; whoever holds the secret goes on using it.")
    .argument('<token>', idHelp)
    .addOption(serviceAccountOption('who gets it').makeOptionMandatory())
    .addOption(organizationOption())
    .action(run(async () => (await load()).adoptToken));
  token
    .command('approve')
    .description('Let a personal token reach the organization, where its policy asks for that')
    .argument('<token>', idHelp)
    .addOption(organizationOption())
    .action(run(async () => (await load()).approveToken));
  token
    .command('deny')
    .description('Refuse a personal token, or take an approval back')
    .argument('<token>', idHelp)
    .addOption(organizationOption())
    .action(run(async () => (await load()).denyToken));
  token
    .command('panic')
    .summary('Revoke everything issued or used since a time')
    .description(
      'Revokes every token issued or used since a time: your own, or with --user or --service-account theirs in the\n' +
        'organization, or with -o alone every token that reaches that organization. Shows what was revoked.',
    )
    .requiredOption('--since <time>', 'how long ago (30m, 2h, 3d), or a day or time in UTC')
    .option('--user <email>', 'tokens of this member')
    .addOption(serviceAccountOption('tokens of this service account'))
    .option('-f, --force', 'do not ask')
    .addOption(hiddenYes())
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/token/panic.js')).panic));
}

/** The options that restrict what a token may do. */
function narrowed(command: Command): Command {
  return command
    .addOption(new Option('--preset <name>', 'ready list of permissions: deploy or readOnly').argParser(preset))
    .addOption(new Option('--permission <name>', 'may do this; repeatable').argParser(list))
    .addOption(new Option('--organization-only <name>', 'reaches only this organization; repeatable').argParser(list))
    .addOption(new Option('--agent <name>', 'only this agent; repeatable').argParser(list))
    .addOption(new Option('--network <cidr>', 'only from these addresses; repeatable').argParser(list));
}

function preset(text: string): 'deploy' | 'readOnly' {
  const word = text.toLowerCase().replace('-', '');
  if (word === 'deploy') return 'deploy';
  if (word === 'readonly') return 'readOnly';
  throw new InvalidArgumentError('Give deploy or readOnly.');
}

function hours(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value > 168) throw new InvalidArgumentError('Give hours from 0 to 168.');
  return value;
}

function permissionHelp(): string {
  const lines: string[] = [''];
  for (const name of permissions) {
    const last = lines.at(-1) ?? '';
    if (last.length + name.length > 74) lines.push(`  ${name}`);
    else lines[lines.length - 1] = last ? `${last} ${name}` : `  ${name}`;
  }
  return `\nPermissions:\n${lines.join('\n')}`;
}
