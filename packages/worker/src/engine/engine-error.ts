/** The engine refused a request: its status and its own words. */
export class EngineError extends Error {
  readonly status: number;
  constructor(status: number, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'EngineError';
    this.status = status;
  }
}

/** Nobody answers at the engine's address, or the connection broke. The same request may work later. */
export class EngineUnreachable extends Error {
  constructor(url: string, cause: unknown) {
    const why = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
    super(`The container engine at ${url} can't be reached (${why}). Is it running, and may this user open it?`, {
      cause,
    });
    this.name = 'EngineUnreachable';
  }
}

/** The engine took the request and did not answer in time. What it asked for may still happen. */
export class EngineTimeout extends Error {
  constructor(url: string, what: string, deadlineMs: number) {
    super(
      `The container engine at ${url} did not answer '${what}' within ${deadlineMs / 1000} s. It may be overloaded or stuck; its own log says more. Work goes on as soon as it answers.`,
    );
    this.name = 'EngineTimeout';
  }
}

/** Whether the engine answered with this status. */
export function isStatus(error: unknown, ...statuses: number[]): boolean {
  return error instanceof EngineError && statuses.includes(error.status);
}

/** Whether the engine itself is at fault, so that the same request may well work later. */
export function isEngineAway(error: unknown): boolean {
  return error instanceof EngineUnreachable || error instanceof EngineTimeout;
}

/** Whether the connection broke while an answer was read, as when the engine is restarted. */
export function isBrokenOff(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return code === 'ECONNRESET' || code === 'UND_ERR_SOCKET' || code === 'UND_ERR_ABORTED';
}
