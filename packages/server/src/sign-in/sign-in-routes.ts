import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { SetupBody, SignInBody, SignInCodeBody } from '@pipecat-cloud/contract/accounts';
import { ErrorEnvelope, StatusOk } from '@pipecat-cloud/contract/errors';
import { actorOfRequest } from '../http/request.js';
import { checkCsrf } from './csrf.js';
import type { SessionCookie } from './session-cookie.js';
import type { SignInService } from './sign-in-service.js';

interface SignInRoutesOptions {
  signIn: SignInService;
  cookie: SessionCookie;
  publicUrl: string;
}

const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
const ok = { status: 'OK' as const };

/** For the dashboard's own pages alone: they carry no credential yet, so another site's page could sign its visitor in as somebody else. */
export const signInRoutes: FastifyPluginAsyncTypebox<SignInRoutesOptions> = async (
  app,
  { signIn, cookie, publicUrl },
) => {
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('cache-control', 'no-store');
    checkCsrf(request, publicUrl);
  });

  app.post(
    '/auth/setup',
    { schema: { body: SetupBody, response: { 200: StatusOk, ...errors } } },
    async (request, reply) => {
      const value = await signIn.setUp(actorOfRequest(request), request.body, request.headers.cookie);
      void reply.header('set-cookie', cookie.set(value));
      return ok;
    },
  );

  app.post(
    '/auth/code',
    { schema: { body: SignInCodeBody, response: { 200: StatusOk, ...errors } } },
    async (request) => {
      await signIn.requestCode(actorOfRequest(request), request.body.email);
      return ok;
    },
  );

  app.post(
    '/auth/session',
    { schema: { body: SignInBody, response: { 200: StatusOk, ...errors } } },
    async (request, reply) => {
      const value = await signIn.signIn(actorOfRequest(request), request.body, request.headers.cookie);
      void reply.header('set-cookie', cookie.set(value));
      return ok;
    },
  );

  app.delete('/auth/session', { schema: { response: { 200: StatusOk, ...errors } } }, async (request, reply) => {
    await signIn.signOut(actorOfRequest(request), request.headers.cookie);
    void reply.header('set-cookie', cookie.clear());
    return ok;
  });
};
