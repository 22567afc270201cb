import type { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { redact } from '@pipecat-cloud/contract/token-format';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { AppError, DatabaseAway } from '../errors.js';

/** The only place that turns an error into an answer. A bug becomes a 500 that says nothing, and one log line with the stack. */
export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  sendError(error, request, reply);
}

/** The same for routes whose clients know some refusals by other codes or members. */
export function sendError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  reword: (body: ErrorEnvelope, status: number) => ErrorEnvelope = (body) => body,
): void {
  const answer = toAnswer(error);
  const { status, headers } = answer;
  const body = reword(answer.body, status);
  if (status >= 500) request.log.error({ err: error }, 'request failed');
  const isPublic = request.url.startsWith('/v1/public/');
  void reply
    .status(status)
    .headers(headers)
    .type('application/json; charset=utf-8')
    // Browser clients read only `info` (contract §2.2).
    .send(isPublic ? { ...body, info: body.error } : body);
}

export function notFoundHandler(request: FastifyRequest, reply: FastifyReply): void {
  const path = request.url.split('?')[0] ?? '';
  handleError(new AppError(404, '404', redact(`Nothing answers to ${request.method} ${path}`)), request, reply);
}

interface Answer {
  status: number;
  body: ErrorEnvelope;
  headers: Record<string, string>;
}

function toAnswer(error: unknown): Answer {
  if (error instanceof AppError) {
    return {
      status: error.status,
      body: { error: error.message, code: error.code, ...error.details },
      headers: { ...error.headers },
    };
  }
  const { statusCode, validation, validationContext, message, code } = error as FastifyError;
  if (validation) return plain(400, 'GENERIC_BAD_REQUEST', sentence(validation, validationContext));
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return plain(413, '413', 'The request body is too large for this endpoint');
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return plain(415, '415', 'This endpoint takes Content-Type: application/json');
  if (statusCode === 400) return plain(400, 'GENERIC_BAD_REQUEST', redact(message));
  if (statusCode && statusCode < 500) return plain(statusCode, String(statusCode), redact(message));
  // PostgreSQL stores no NUL in a text; nothing that people type contains one.
  if (code === '22021') return plain(400, 'GENERIC_BAD_REQUEST', 'The request contains a NUL character');
  if (isDiskFull(error))
    return plain(
      503,
      '503',
      'The disk of the control plane is full: nothing was changed. Free some space and try again',
    );
  if (isLocked(error)) return plain(503, '503', 'The database is busy: nothing was changed. Try again');
  if (isAway(error)) return plain(503, '503', 'The database cannot be reached. Try again');
  return plain(500, '500', 'Internal server error');
}

function plain(status: number, code: string, error: string): Answer {
  return { status, body: { error, code }, headers: {} };
}

/** Names the field and the rule; never repeats the value, which may be a secret. */
function sentence(validation: NonNullable<FastifyError['validation']>, context: string | undefined): string {
  const [first] = validation;
  if (!first) return 'The request is not valid';
  const { keyword, instancePath, params, message } = first;
  const field = `${context ?? 'body'}${instancePath.replaceAll('/', '.')}`;
  if (keyword === 'additionalProperties')
    return `${field}: unknown member '${params.additionalProperty}'${knownBeside(first)}`;
  if (keyword === 'required') return `${field}: '${params.missingProperty}' is missing`;
  if (keyword === 'enum') return `${field} must be one of ${(params.allowedValues as unknown[]).join(', ')}`;
  return `${field} ${message ?? 'is not valid'}`;
}

function isDiskFull(error: unknown): boolean {
  const code = (error as { code?: string }).code;
  return code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT' || code === '53100';
}

/** `55P03`: PostgreSQL did not give a lock in time. */
function isLocked(error: unknown): boolean {
  const { code = '' } = error as { code?: string };
  return code.startsWith('SQLITE_BUSY') || code === 'SQLITE_LOCKED' || code === '55P03';
}

/** Or it went away in the middle, as when it is restarted; `57P0x` and `08xxx` are its own words for that. */
function isAway(error: unknown): boolean {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  if (error instanceof DatabaseAway || /^(57P0[1-3]|08\w{3})$/.test(code)) return true;
  return message === 'Connection terminated unexpectedly';
}

/** More are no help in a sentence. */
const mostNamed = 6;

/** The members that there are, where they are few. */
function knownBeside(problem: object): string {
  const { parentSchema } = problem as { parentSchema?: { properties?: object } };
  const known = Object.keys(parentSchema?.properties ?? {});
  return known.length > 0 && known.length <= mostNamed ? `; there is ${known.join(', ')}` : '';
}
