import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { actorOfRequest } from '../http/request.js';
import type { OidcService, Redirect } from './oidc-service.js';

/** Both are navigations of a browser, one of them started by the provider's page: the attempt's cookie stands where a CSRF check would. */
export const oidcRoutes: FastifyPluginAsyncTypebox<{ oidc: OidcService }> = async (app, { oidc }) => {
  app.addHook('onRequest', async (_request, reply) => {
    void reply.headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
  });

  const send = (reply: FastifyReply, { location, setCookies }: Redirect) =>
    reply.header('set-cookie', setCookies).redirect(location, 303);

  app.get(
    '/auth/oidc',
    { schema: { querystring: Type.Object({ next: Type.Optional(Type.String({ maxLength: 500 })) }) } },
    async (request, reply) => await send(reply, await oidc.begin(actorOfRequest(request), request.query.next)),
  );

  app.get('/auth/oidc/callback', async (request, reply) => {
    const { search } = new URL(request.url, 'http://localhost');
    return await send(reply, await oidc.finish(actorOfRequest(request), search, request.headers.cookie));
  });
};
