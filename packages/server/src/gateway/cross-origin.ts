import type { FastifyInstance } from 'fastify';

const methods = 'GET, POST, PUT, PATCH, DELETE, OPTIONS, HEAD';
/** How long a browser may remember what a preflight said. */
const preflightSeconds = '600';

/**
 * Browsers call `/v1/public` from any origin, nearly always with a preflight (contract §8.5); nothing there is authorised by a cookie.
 * Register before the credential is checked: a preflight carries none, and a refusal must be readable by the page that caused it.
 */
export function addCrossOrigin(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!request.url.startsWith('/v1/public/')) return;
    void reply.headers({
      'access-control-allow-origin': '*',
      // Whatever an agent's own route sets is for the page that calls it.
      'access-control-expose-headers': '*',
    });
    // Any other OPTIONS is a request like the rest, and may be for an agent's own route.
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return;
    const asked = request.headers['access-control-request-headers'];
    return reply
      .status(204)
      .headers({
        'access-control-allow-headers': typeof asked === 'string' && asked ? asked : 'Authorization, Content-Type',
        'access-control-allow-methods': methods,
        'access-control-max-age': preflightSeconds,
        vary: 'access-control-request-headers',
      })
      .send();
  });
}
