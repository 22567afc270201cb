import type { Command } from 'commander';
import type { Run } from '../program.js';

export function addAuthLogin(auth: Command, run: Run): void {
  auth
    .command('login')
    .summary('Sign in through a browser')
    .description(
      'Opens a browser to sign in, and stores what it brings. Where no browser can reach this machine (over SSH, in a\n' +
        'container), shows a code to type into one elsewhere. In scripts set PIPECAT_TOKEN instead.',
    )
    .option('--headless', 'show a code to type into a browser elsewhere')
    .option('--device', 'the same as --headless')
    .action(run(async () => (await import('../commands/auth/login.js')).login));
}
