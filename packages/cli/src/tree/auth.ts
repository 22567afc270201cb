import type { Command } from 'commander';
import type { Run } from '../program.js';
import { addAuthLogin } from './auth-login.js';
import { addAuthStatus } from './auth-status.js';

export function addAuth(program: Command, run: Run): void {
  const auth = program.command('auth').description('Sign in, and see who you are');
  addAuthLogin(auth, run);
  auth
    .command('use-pat')
    .summary('Store a personal access token')
    .description(
      'Checks a personal access token and stores it. Asks for it without showing it; in scripts use --stdin or\n' +
        '--token-file, or set PIPECAT_TOKEN and store nothing.',
    )
    .argument('[token]', 'the token; visible to other users of this machine, so better left out')
    .option('--stdin', 'read the token from standard input')
    .option('--token-file <path>', 'read the token from a file')
    .action(run(async () => (await import('../commands/auth/use-pat.js')).usePat));
  auth
    .command('whoami')
    .description('Show who you are, the organization, and where each setting comes from')
    .option('-o, --organization <name>', 'organization to work in')
    .action(run(async () => (await import('../commands/auth/whoami.js')).whoAmI));
  addAuthStatus(auth, run);
  auth
    .command('logout')
    .description('End the sign-in and remove the stored credentials')
    .action(run(async () => (await import('../commands/auth/logout.js')).logout));
}
