import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope, StatusOk } from '@pipecat-cloud/contract/errors';
import {
  DeviceCodeBody,
  DeviceDecisionBody,
  LoginList,
  LogoutBody,
  OauthDecided,
  OauthDecisionBody,
  OauthRequest,
} from '@pipecat-cloud/contract/oauth';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { createThrottle } from '../access/throttle.js';
import { actorOfRequest, originOf, principalOf } from '../http/request.js';
import type { Clock } from '../system.js';
import type { DeviceConsent } from './device-consent.js';
import type { OauthConsent } from './oauth-consent.js';
import { nameOfClient } from './oauth-endpoints.js';
import type { Decider } from './oauth-grants.js';
import type { OauthLogins } from './oauth-logins.js';
import { toProviderRequest } from './provider-request.js';

interface LoginRoutesOptions {
  issuer: string;
  clock: Clock;
  consent: OauthConsent;
  devices: DeviceConsent;
  logins: OauthLogins;
}

const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
const ok = { status: 'OK' as const };
const Uid = Type.Object({ uid: Type.String({ maxLength: 100 }) });

/** Signing out, the questions behind the consent and device pages, and a person's list of sign-ins. */
export const loginRoutes: FastifyPluginAsyncTypebox<LoginRoutesOptions> = async (
  app,
  { issuer, clock, consent, devices, logins },
) => {
  const misses = createThrottle({ clock, limit: 60, windowSeconds: 60 });
  const exchangeOf = (request: FastifyRequest, reply: FastifyReply) => ({
    request: toProviderRequest(request, issuer),
    response: reply.raw,
  });
  app.addHook('onRequest', async (_request, reply) => {
    void reply.header('cache-control', 'no-store');
  });

  // Holding either token is enough: an access token that has expired must not keep the refresh token alive.
  app.post(
    '/auth/logout',
    { schema: { body: LogoutBody, response: { 200: StatusOk, ...errors } } },
    async (request) => {
      misses.check(request.ip);
      const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
      const values = [request.body.refresh_token, bearer].filter((value) => value !== undefined);
      if (!(await logins.endByValues(values, 'logout', actorOfRequest(request)))) misses.fail(request.ip);
      return ok;
    },
  );

  app.get(
    '/v1/oauth/interactions/:uid',
    { schema: { params: Uid, response: { 200: OauthRequest, ...errors } } },
    async (request, reply) =>
      await consent.describeInteraction(exchangeOf(request, reply), request.params.uid, originOf(request)),
  );
  app.post(
    '/v1/oauth/interactions/:uid',
    { schema: { params: Uid, body: OauthDecisionBody, response: { 200: OauthDecided, ...errors } } },
    async (request, reply) => {
      const { uid } = request.params;
      const exchange = exchangeOf(request, reply);
      return await consent.decideInteraction(exchange, uid, request.body.decision, deciderOf(request));
    },
  );
  app.post(
    '/v1/oauth/device',
    { schema: { body: DeviceCodeBody, response: { 200: OauthRequest, ...errors } } },
    async (request) => await devices.describe(deciderOf(request), request.body.userCode),
  );
  app.post(
    '/v1/oauth/device/decision',
    { schema: { body: DeviceDecisionBody, response: { 200: StatusOk, ...errors } } },
    async (request) => {
      await devices.decide(deciderOf(request), request.body.userCode, request.body.decision);
      return ok;
    },
  );

  app.get('/v1/users/self/logins', { schema: { response: { 200: LoginList, ...errors } } }, async (request) => {
    const principal = personOf(request);
    const current = principal.via === 'oauth' ? principal.grantId : undefined;
    const list = await logins.list(principal.userId);
    return {
      logins: list.map(({ id, clientId, via, address, userAgent, createdAt, expiresAt, lastIssuedAt }) => ({
        ...{ id, clientName: nameOfClient(clientId), via, address, userAgent, createdAt, expiresAt, lastIssuedAt },
        current: id === current,
      })),
    };
  });
  app.delete(
    '/v1/users/self/logins/:id',
    {
      schema: { params: Type.Object({ id: Type.String({ maxLength: 100 }) }), response: { 200: StatusOk, ...errors } },
    },
    async (request) => {
      await logins.endOwn(personOf(request).userId, actorOfRequest(request), request.params.id);
      return ok;
    },
  );
};

function personOf(request: FastifyRequest) {
  const principal = principalOf(request);
  if (principal.kind !== 'user' || principal.via === 'token') throw new Error('Only people who signed in come here');
  return principal;
}

function deciderOf(request: FastifyRequest): Decider {
  const { userId, secondFactor } = personOf(request);
  return { userId, secondFactor, actor: actorOfRequest(request), origin: originOf(request) };
}
