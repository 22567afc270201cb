import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope, StatusOk } from '@pipecat-cloud/contract/errors';
import { CreatedToken, CreateTokenBody, Token, TokenList } from '@pipecat-cloud/contract/tokens';
import { Type } from 'typebox';
import { actorOfRequest, principalOf } from '../http/request.js';
import type { TokenService } from './token-service.js';

export const tokenRoutes: FastifyPluginAsyncTypebox<{ tokens: TokenService }> = async (app, { tokens }) => {
  app.get('/v1/tokens', { schema: { response: { 200: TokenList, '4xx': ErrorEnvelope } } }, async (request) => ({
    tokens: await tokens.list(principalOf(request)),
  }));

  app.get(
    '/v1/tokens/self',
    { schema: { response: { 200: Type.Object({ token: Token }), '4xx': ErrorEnvelope } } },
    async (request) => ({ token: await tokens.describe(principalOf(request)) }),
  );

  app.post(
    '/v1/tokens',
    { schema: { body: CreateTokenBody, response: { 200: CreatedToken, '4xx': ErrorEnvelope } } },
    async (request, reply) => {
      // A value that is shown once must not be kept by anything between here and the reader.
      void reply.header('cache-control', 'no-store');
      return await tokens.create(principalOf(request), actorOfRequest(request), request.body);
    },
  );

  app.delete(
    '/v1/tokens/:id',
    { schema: { params: Type.Object({ id: Type.String() }), response: { 200: StatusOk, '4xx': ErrorEnvelope } } },
    async (request) => {
      await tokens.revoke(principalOf(request), actorOfRequest(request), request.params.id);
      return { status: 'OK' as const };
    },
  );
};
