import type { CommandContext } from '../../lib/context.js';
import type { ExitCode } from '../../lib/errors.js';
import { describeError } from '../../lib/report-error.js';

/** One line of the preflight. `exit` is what a failure means to a pipeline. */
export interface Check {
  name: string;
  ok: boolean;
  text: string;
  exit?: ExitCode;
  reason?: string;
  /** The way out. */
  hint?: string;
}

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
