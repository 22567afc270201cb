import type { Command } from 'commander';
import type { Run } from '../program.js';

/** What to do about credentials in the open; below `token`. */
export function addTokenScan(token: Command, run: Run): void {
  token
    .command('scan')
    .summary('Look for credentials in files')
    .description(
      'Looks for credentials of this product in files, without sending anything. Prints where they are, never their\n' +
        'values, and exits 1 when one with the right checksum was found. Public keys (pk_…) are shown, and are no failure.',
    )
    .argument('[path]', 'file or folder (default: .)')
    .option('--git', 'look into the history too: every branch and tag, what was removed again included')
    .option('--stdin', 'scan standard input')
    .option('--report', 'hand in what was found, so that it is revoked')
    .option('-y, --yes', 'do not ask before reporting')
    .action(run(async () => (await import('../commands/token/scan.js')).scanForTokens));
  token
    .command('report')
    .summary('Revoke credentials that you hold')
    .description(
      'Revokes credentials by holding them: any token or private key, yours or one that you found. Needs no sign-in; the\n' +
        'owner is told. Asks for one without showing it, or reads up to 1,000, one a line.',
    )
    .option('--stdin', 'read from standard input')
    .option('--token-file <path>', 'read from a file')
    .option('--url <address>', 'where it was found, for the audit log of its owner')
    .option('-y, --yes', 'do not ask')
    .action(run(async () => (await import('../commands/token/report.js')).reportTokens));
}
