import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../errors.js';

/** Bodies are at most some megabytes, and whoever sends one has it ready. */
const usualMs = 30_000;

/**
 * A request's body has to arrive in time: else 408, and its connection ends. So does one that was answered before its body was there. None
 * of it holds for routes with `streamsBody`, which read a body as it comes.
 */
export function addBodyDeadline(app: FastifyInstance, ms = usualMs): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (hasBody(request) && !request.routeOptions.config.streamsBody) watch(request, reply, ms);
    done();
  });
}

const hasBody = ({ headers }: FastifyRequest) =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

function watch({ raw }: FastifyRequest, reply: FastifyReply, ms: number): void {
  const late = () => {
    // `complete`: all of it is there, and nobody wants it.
    if (raw.complete || raw.destroyed) return;
    // Only Fastify's reader of bodies listens: it answers, and ends the connection.
    if (reply.sent || raw.listenerCount('error') === 0) raw.destroy();
    else raw.emit('error', tooLate(ms));
  };
  // What arrived while this process stood still is read before it is judged.
  const timer = setTimeout(() => setImmediate(late), ms).unref();
  const end = () => clearTimeout(timer);
  raw.once('end', end).once('close', end);
}

const tooLate = (ms: number) =>
  // Fastify looks for the status there.
  Object.assign(new AppError(408, '408', `The body of the request did not arrive within ${ms / 1000} s`), {
    statusCode: 408,
  });
