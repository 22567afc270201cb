import type { CommandContext } from '../../lib/context.js';
import type { ExitCode } from '../../lib/errors.js';
import { describeError } from '../../lib/report-error.js';
import { clean } from '../../lib/text.js';

/** One line of the preflight. `exit` is what a failure means to a pipeline. */
export interface Check {
  name: string;
  ok: boolean;
  /** Nothing is wrong yet, but may be soon, or is not what was meant. Goes with `ok: true`. */
  warning?: boolean;
  text: string;
  exit?: ExitCode;
  reason?: string;
  /** The way out. */
  hint?: string;
}

export const warned = (name: string, text: string, hint: string): Check => ({
  name,
  ok: true,
  warning: true,
  text,
  hint,
});

export const passed = (name: string, text: string): Check => ({ name, ok: true, text });

/** What a failed request means for the check that made it. */
export function failure(context: CommandContext, name: string, error: unknown): Check {
  const { exit, error: message, reason, hint } = describeError(error, context.known());
  return {
    ...{ name, ok: false, exit, text: message.replace(/\.$/, '') },
    ...(reason ? { reason } : {}),
    ...(hint ? { hint } : {}),
  };
}

/** A line for each, and below what isn't well the way out. */
export function checkText({ colours }: CommandContext, checks: readonly Check[]): string {
  const mark = ({ ok, warning }: Check) => (warning ? colours.yellow('!') : ok ? colours.green('✓') : colours.red('✗'));
  return checks
    .map((check) => {
      const hint = check.hint && (!check.ok || check.warning) ? `\n  ${clean(check.hint)}` : '';
      return `${mark(check)} ${clean(check.text)}${hint}`;
    })
    .join('\n');
}
