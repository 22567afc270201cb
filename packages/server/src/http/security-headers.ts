import type { FastifyInstance } from 'fastify';

const yearSeconds = 31_536_000;

/**
 * Headers of every answer, beside those of the pages (`dashboard.ts`): over https browsers come back over https only, and answers to
 * signed-in callers stay in no cache unless their route says otherwise (OWASP ASVS 5: 3.4.1, 14.3.2).
 */
export function addSecurityHeaders(app: FastifyInstance, publicUrl: string): void {
  const secure = publicUrl.startsWith('https:');
  if (secure) {
    app.addHook('onRequest', (_request, reply, done) => {
      void reply.header('strict-transport-security', `max-age=${yearSeconds}; includeSubDomains`);
      done();
    });
  }
  app.addHook('onSend', (request, reply, payload, done) => {
    const { access } = request.routeOptions.config;
    const personal = access !== undefined && access.needs !== 'anyone';
    if (personal && !reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
    done(null, payload);
  });
}
