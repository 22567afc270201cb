import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope, StatusOk } from '@pipecat-cloud/contract/errors';
import {
  CanAnswer,
  CanQuery,
  CreatedToken,
  CreateTokenBody,
  DeriveTokenBody,
  PanicBody,
  PanicResult,
  RotatedToken,
  RotateTokenBody,
  TokenEnvelope,
  TokenList,
} from '@pipecat-cloud/contract/tokens';
import { Type } from 'typebox';
import { actorOfRequest, principalOf } from '../http/request.js';
import type { TokenPanic } from './token-panic.js';
import type { TokenRotation } from './token-rotation.js';
import type { TokenService } from './token-service.js';

interface TokenRoutesOptions {
  tokens: TokenService;
  rotation: TokenRotation;
  panic: TokenPanic;
}

const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
const params = Type.Object({ id: Type.String() });
/** A body that may be left out. */
const optional = <T extends Parameters<typeof Type.Union>[0][number]>(body: T) => Type.Union([body, Type.Null()]);
const ok = { status: 'OK' as const };

/** A caller's own tokens; `self` is the one that the request came with. */
export const tokenRoutes: FastifyPluginAsyncTypebox<TokenRoutesOptions> = async (app, { tokens, rotation, panic }) => {
  // Values that are shown once must not be kept by anything between here and the reader.
  app.addHook('onSend', (_request, reply, payload, done) => {
    void reply.header('cache-control', 'no-store');
    done(null, payload);
  });

  app.get('/v1/tokens', { schema: { response: { 200: TokenList, ...errors } } }, async (request) => ({
    tokens: await tokens.list(principalOf(request)),
  }));
  app.post(
    '/v1/tokens',
    { schema: { body: CreateTokenBody, response: { 200: CreatedToken, ...errors } } },
    async (request) => await tokens.create(principalOf(request), actorOfRequest(request), request.body),
  );
  app.post(
    '/v1/tokens/panic',
    { schema: { body: PanicBody, response: { 200: PanicResult, ...errors } } },
    async (request) => await panic.ofPerson(principalOf(request), actorOfRequest(request), request.body),
  );
  app.get(
    '/v1/tokens/self/can',
    { schema: { querystring: CanQuery, response: { 200: CanAnswer, ...errors } } },
    async (request) => await tokens.can(principalOf(request), request.ip, request.query),
  );

  for (const path of ['/v1/tokens/self', '/v1/tokens/:id'] as const) {
    const idOf = (values: unknown) => (values as { id?: string }).id ?? 'self';
    const schema = path.endsWith(':id') ? { params } : {};

    app.get(path, { schema: { ...schema, response: { 200: TokenEnvelope, ...errors } } }, async (request) => ({
      token: await tokens.get(principalOf(request), idOf(request.params)),
    }));
    app.delete(path, { schema: { ...schema, response: { 200: StatusOk, ...errors } } }, async (request) => {
      await tokens.revoke(principalOf(request), actorOfRequest(request), idOf(request.params));
      return ok;
    });
    app.post(
      `${path}/rotate`,
      { schema: { ...schema, body: optional(RotateTokenBody), response: { 200: RotatedToken, ...errors } } },
      async (request) => {
        const principal = principalOf(request);
        const token = await tokens.findOwn(principal, idOf(request.params));
        return await rotation.rotate(principal, actorOfRequest(request), token, request.body ?? {});
      },
    );
    app.post(
      `${path}/derive`,
      { schema: { ...schema, body: DeriveTokenBody, response: { 200: CreatedToken, ...errors } } },
      async (request) =>
        await tokens.derive(principalOf(request), actorOfRequest(request), idOf(request.params), request.body),
    );
  }
};
