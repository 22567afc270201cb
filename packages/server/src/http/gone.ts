import type { FastifyReply } from 'fastify';
import { AppError } from '../errors.js';

/** Aborts when the caller has closed its connection before it was answered. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    // Nobody reads it; it keeps the log from calling this an error of ours.
    if (!reply.raw.writableFinished) gone.abort(new AppError(400, '400', 'The caller went away'));
  });
  return gone.signal;
}
