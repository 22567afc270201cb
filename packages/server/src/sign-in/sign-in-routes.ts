import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { SetupBody, SignInBody, SignInCodeBody } from '@pipecat-cloud/contract/accounts';
import { ErrorEnvelope, StatusOk } from '@pipecat-cloud/contract/errors';
import { PasskeyOptions, PasskeySignInBody, PasswordSignInBody, SignInMethods } from '@pipecat-cloud/contract/sign-in';
import { Type } from 'typebox';
import { actorOfRequest } from '../http/request.js';
import { checkCsrf } from './csrf.js';
import type { DashboardSessions } from './dashboard-sessions.js';
import type { OidcService } from './oidc-service.js';
import type { PasskeyService } from './passkey-service.js';
import type { PasswordService } from './password-service.js';
import type { SessionCookie } from './session-cookie.js';
import type { SignInService } from './sign-in-service.js';

export interface SignInRoutesOptions {
  signIn: SignInService;
  passwords: PasswordService;
  passkeys: PasskeyService;
  oidc: OidcService;
  sessions: DashboardSessions;
  cookie: SessionCookie;
  publicUrl: string;
}

const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
const done = { 200: StatusOk, ...errors };
const ok = { status: 'OK' as const };
const Empty = Type.Optional(Type.Object({}, { additionalProperties: false }));

/** For the dashboard's own pages alone: they carry no credential yet, so another site's page could sign its visitor in as somebody else. */
export const signInRoutes: FastifyPluginAsyncTypebox<SignInRoutesOptions> = async (app, options) => {
  const { signIn, passwords, passkeys, oidc, sessions, cookie, publicUrl } = options;
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('cache-control', 'no-store');
    checkCsrf(request, publicUrl);
  });

  app.get('/auth/methods', { schema: { response: { 200: SignInMethods, ...errors } } }, async () => ({
    emailCode: true as const,
    password: passwords.enabled,
    passkey: passkeys.offered,
    oidc: oidc.label === undefined ? null : { label: oidc.label },
  }));

  app.post('/auth/setup', { schema: { body: SetupBody, response: done } }, async (request, reply) => {
    const session = await signIn.setUp(actorOfRequest(request), request.body, request.headers.cookie);
    void reply.header('set-cookie', session);
    return ok;
  });

  app.post('/auth/code', { schema: { body: SignInCodeBody, response: done } }, async (request, reply) => {
    const browser = await signIn.requestCode(actorOfRequest(request), request.body.email, request.headers.cookie);
    void reply.header('set-cookie', browser);
    return ok;
  });

  app.post('/auth/session', { schema: { body: SignInBody, response: done } }, async (request, reply) => {
    const session = await signIn.signIn(actorOfRequest(request), request.body, request.headers.cookie);
    void reply.header('set-cookie', session);
    return ok;
  });

  app.post('/auth/password', { schema: { body: PasswordSignInBody, response: done } }, async (request, reply) => {
    const session = await passwords.signIn(actorOfRequest(request), request.body, request.headers.cookie);
    void reply.header('set-cookie', session);
    return ok;
  });

  app.post(
    '/auth/passkey/options',
    { schema: { body: Empty, response: { 200: PasskeyOptions, ...errors } } },
    async (request, reply) => {
      const { options, setCookie } = await passkeys.signInOptions(actorOfRequest(request));
      void reply.header('set-cookie', setCookie);
      return { options: { ...options } };
    },
  );

  app.post('/auth/passkey', { schema: { body: PasskeySignInBody, response: done } }, async (request, reply) => {
    const session = await passkeys.signIn(actorOfRequest(request), request.body.response, request.headers.cookie);
    void reply.header('set-cookie', session);
    return ok;
  });

  app.delete('/auth/session', { schema: { response: done } }, async (request, reply) => {
    await sessions.signOut(actorOfRequest(request), request.headers.cookie);
    void reply.header('set-cookie', cookie.clear());
    return ok;
  });
};
