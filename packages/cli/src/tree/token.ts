import { type Command, Option } from 'commander';
import type { Run } from '../program.js';
import { hiddenYes, integer, organizationOption } from './options.js';
import { addTokenAdmin } from './token-admin.js';
import {
  allOption,
  daysOption,
  expiresAtOption,
  hours,
  idHelp,
  narrowed,
  permissionHelp,
  serviceAccountOption,
  valueOnlyOption,
} from './token-options.js';

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
  addTokenAdmin(token, run);
  return token;
}
