import type { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { sendError } from '../http/error-handler.js';
import { BadParameter } from '../http/unix-time.js';

/** The codes that clients of the organization-scoped routes compare with, in the words of the private REST API (contract §2.1). */
const symbolicCodes: Readonly<Record<string, string>> = { 400: 'GENERIC_BAD_REQUEST', 404: 'NOT_FOUND' };

export function handlePrivateError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  sendError(error, request, reply, (body) => ({ ...body, code: symbolicCodes[body.code] ?? body.code }));
}

/** The routes of sessions keep status codes as codes, and say in `err` which parameter of a query is wrong (contract §2.1). */
export function handlePrivateSessionError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const err = problemsOf(error);
  sendError(error, request, reply, (body) => (err ? { ...body, code: '400', err } : body));
}

type Problems = NonNullable<ErrorEnvelope['err']>;

function problemsOf(error: unknown): Problems | undefined {
  if (error instanceof BadParameter)
    return { name: 'ZodError', issues: [{ code: 'custom', path: [error.parameter], message: error.message }] };
  const { validation, validationContext } = error as FastifyError;
  return validation && validationContext === 'querystring' ? issuesOf(validation) : undefined;
}

/** Never the value that was sent: the log of a client is no place for it. */
function issuesOf(validation: NonNullable<FastifyError['validation']>): Problems {
  return {
    name: 'ZodError',
    issues: validation.map(({ keyword, instancePath, params, message = 'is not valid' }) => ({
      code: keyword === 'enum' ? 'invalid_enum_value' : keyword === 'type' ? 'invalid_type' : 'custom',
      path: instancePath.split('/').slice(1),
      message,
      ...(keyword === 'enum' ? { options: (params.allowedValues as unknown[]).map(String) } : {}),
    })),
  };
}
