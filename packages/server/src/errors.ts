import { platformCodes, type RefusalReason } from '@pipecat-cloud/contract/errors';
import type { Actor } from './access/principal.js';

/** The credential that a refusal is about, for the audit log. Known only where its digest has matched, so that a guesser writes nothing anywhere. */
export interface RefusedCredential {
  kind: Actor['kind'];
  tokenId: string | null;
  parentTokenId?: string | null;
  /** The person, service account, organization or worker that it belongs to. */
  ownerId?: string | null;
  /** Whose log the refusal belongs into: the credential's own organization, or the one that it reaches and was sent to. */
  organizationId?: string | null;
}

/** The database did not take a connection: it is away, starting, or all connections are in use. Nothing was asked of it. */
export class DatabaseAway extends Error {
  constructor(cause: unknown) {
    super('The database cannot be reached', { cause });
    this.name = 'DatabaseAway';
  }
}

/** An expected refusal: the message is for the caller, `cause` is for us. Codes and statuses follow contract §2. */
export class AppError extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Set by whoever catches the refusal and knows the credential. Never part of an answer. */
  credential: Partial<RefusedCredential> | undefined;

  constructor(
    status: number,
    code: string,
    message: string,
    options: {
      details?: Record<string, unknown>;
      headers?: Record<string, string>;
      credential?: Partial<RefusedCredential>;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'AppError';
    this.status = status;
    this.code = code;
    this.details = options.details ?? {};
    this.headers = options.headers ?? {};
    this.credential = options.credential;
  }
}

export const badRequest = (message: string, code = 'GENERIC_BAD_REQUEST') => new AppError(400, code, message);
export const notFound = (kind: string, name: string) => new AppError(404, '404', `${kind} '${name}' not found`);
export const conflict = (message: string) => new AppError(409, 'CONFLICT', message);
export const preconditionFailed = (message: string) => new AppError(412, '412', message);
export const gone = (message: string) => new AppError(410, '410', message);
export const tooLarge = (message: string) => new AppError(413, '413', message);
export const tooManyRequests = (message: string, retryAfterSeconds: number) =>
  new AppError(429, '429', message, { headers: { 'retry-after': String(retryAfterSeconds) } });
export const unavailable = (message: string, cause?: unknown) => new AppError(503, '503', message, { cause });

/** What only the control plane that runs the agents can do was asked of another one on the same database. */
export const standby = () =>
  new AppError(
    503,
    '503',
    'This control plane stands by: another one on the same database runs the agents, and nothing was changed. Try again there; GET /leaderz tells a load balancer which one that is',
    { details: { reason: 'PCC-STANDBY' }, headers: { 'retry-after': '1' } },
  );

/** `status` and `message` repeat what `error` and `code` say: the published example of a 429 has those members (contract §11.5). */
export function atCapacity(name: string, maxAgents: number, retrySeconds: number, waiting = 0): AppError {
  const queued = waiting > 0 ? `, and ${waiting} callers wait already` : '';
  const text = `Agent '${name}' is at capacity: all ${maxAgents} of its agents are taken${queued}. Try again in about ${retrySeconds} s, wait with waitSeconds, or raise max_agents`;
  return new AppError(429, '429', text, {
    details: { message: text, status: 429, reason: platformCodes.atCapacity },
    headers: { 'retry-after': String(retrySeconds) },
  });
}

export function notReady(name: string, why = 'it has no deployment that is ready'): AppError {
  return new AppError(400, platformCodes.notReady, `Agent '${name}' cannot take sessions yet: ${why}`);
}

/** 401: the credential itself. `code` is "401" for every one of them, or official clients do not ask for a new login (contract §2.1). */
export function unauthorized(reason: RefusalReason, message: string, help?: string): AppError {
  return new AppError(401, '401', message, {
    details: { reason, ...(help ? { help } : {}) },
    headers: { 'www-authenticate': reason === 'no_credential' ? 'Bearer' : 'Bearer error="invalid_token"' },
  });
}

/** 403: the credential is good, the request is not for it. */
export function forbidden(reason: RefusalReason, message: string, headers: Record<string, string> = {}): AppError {
  return new AppError(403, '403', message, { details: { reason }, headers });
}
