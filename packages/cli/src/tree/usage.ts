import { type Command, InvalidArgumentError } from 'commander';
import type { Run } from '../program.js';
import { organizationOption } from './options.js';

export function addUsage(program: Command, run: Run): void {
  program
    .command('usage')
    .summary('Show how long agents were in use and kept warm')
    .description(
      'Shows how long agents were in use and kept warm, by agent; with --json, and in plain output, by day too.\nDays are in UTC.',
    )
    .option('--from <day>', 'first day, for example 2026-01-01 (default: thirty days ago)', day)
    .option('--to <day>', 'last day (default: today)', day)
    .addOption(organizationOption())
    .action(run(async () => (await import('../commands/usage/usage.js')).showUsage));
}

function day(text: string): string {
  if (isDay(text)) return text;
  throw new InvalidArgumentError('Give a day such as 2026-01-31.');
}

/** Days that no month has roll over into the next one when they are read. */
function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().slice(0, 10) === text;
}
