import type { FastifyReply } from 'fastify';
import { AppError } from '../errors.js';

/** Aborts when the caller has closed its connection before it was answered; aborted where it has already. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  const left = () => {
    // Nobody reads it; it keeps the log from calling this an error of ours.
    if (!reply.raw.writableFinished) gone.abort(new AppError(400, '400', 'The caller went away'));
  };
  // What has been told once is not told again.
  if (reply.raw.destroyed) left();
  else reply.raw.once('close', left);
  return gone.signal;
}
