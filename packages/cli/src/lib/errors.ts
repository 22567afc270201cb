import type * as contract from '@pipecat-cloud/contract/errors';

/** The contract's exit codes. Repeated, because importing their module loads the schema library; the type keeps both equal. */
export const exitCodes: typeof contract.exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  noCredential: 4,
  credentialRejected: 5,
  forbidden: 6,
  wrongOrganization: 7,
  notFound: 8,
  conflict: 9,
  timedOut: 10,
  atCapacity: 11,
  unavailable: 12,
};
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export interface CliErrorDetails {
  exit?: ExitCode;
  /** For machines, in `--json`: a symbol in capitals, or the code that the API would have sent. */
  code?: string;
  reason?: string;
  /** What to do about it, when the message doesn't say. */
  hint?: string;
  cause?: unknown;
  /** For machines, in `--json`: what the command found before it failed. Never a secret. */
  data?: Readonly<Record<string, unknown>>;
}

/** An expected failure: its message is for the user, and no stack is shown. */
export class CliError extends Error {
  readonly exit: ExitCode;
  readonly code: string;
  readonly reason: string | undefined;
  readonly hint: string | undefined;
  readonly data: Readonly<Record<string, unknown>> | undefined;

  constructor(message: string, details: CliErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.name = 'CliError';
    this.exit = details.exit ?? exitCodes.failed;
    this.code = details.code ?? 'FAILED';
    this.reason = details.reason;
    this.hint = details.hint;
    this.data = details.data;
  }
}

/** The command was called wrongly: exit 2. */
export function usageError(message: string, hint?: string): CliError {
  return new CliError(message, { exit: exitCodes.usage, code: 'USAGE', ...(hint ? { hint } : {}) });
}

/** A file of the user's (credentials, deploy file) is wrong or can't be used: exit 1. */
export function fileError(message: string, hint?: string, cause?: unknown): CliError {
  return new CliError(message, { code: 'INVALID_FILE', ...(hint ? { hint } : {}), cause });
}

/** What the command line names can't be read: exit 2 where it isn't there, since then its name is wrong; else exit 1. */
export function readError(what: string, cause: unknown): CliError {
  const message = `${what} can't be read: ${whyNot(cause)}.`;
  const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
  return isMissing
    ? new CliError(message, { exit: exitCodes.usage, code: 'USAGE', cause })
    : fileError(message, undefined, cause);
}

/** Why a system call failed, in words, without its internals. */
export function whyNot(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const known: Record<string, string> = {
    ENOENT: 'it does not exist',
    EACCES: 'permission denied',
    EPERM: 'not permitted',
    EISDIR: 'it is a directory',
    ENOTDIR: 'a part of its path is not a directory',
    EROFS: 'the file system is read-only',
    ENOSPC: 'the disk is full',
    ELOOP: 'too many symbolic links',
  };
  return (code && known[code]) || (message ?? String(error));
}

/** Nothing of that name where it was looked for: exit 8, as the API's own 404. */
export function notFound(message: string, hint?: string): CliError {
  return new CliError(message, { exit: exitCodes.notFound, code: '404', ...(hint ? { hint } : {}) });
}
