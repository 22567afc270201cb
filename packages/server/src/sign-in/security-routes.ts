import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope, StatusOk } from '@pipecat-cloud/contract/errors';
import {
  AddPasskeyBody,
  DashboardSessionList,
  type Passkey,
  PasskeyEnvelope,
  PasskeyList,
  PasskeyOptions,
  PutPasswordBody,
  RecoveryCodeList,
  RenamePasskeyBody,
  SecurityFacts,
  StepUpBody,
} from '@pipecat-cloud/contract/sign-in';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { actorOfRequest, principalOf } from '../http/request.js';
import type { StoredDashboardSession } from './dashboard-session-repository.js';
import type { DashboardSessions } from './dashboard-sessions.js';
import { factorNames, isSecondFactor } from './factors.js';
import type { OwnPasskeys } from './own-passkeys.js';
import { ownSessionOf } from './own-session.js';
import type { StoredPasskey } from './passkey-repository.js';
import type { PasswordService } from './password-service.js';
import type { RecoveryCodes } from './recovery-codes.js';
import type { StepUpService } from './step-up-service.js';

export interface SecurityRoutesOptions {
  sessions: DashboardSessions;
  passwords: PasswordService;
  ownPasskeys: OwnPasskeys;
  recovery: RecoveryCodes;
  stepUp: StepUpService;
}

const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
const done = { 200: StatusOk, ...errors };
const ok = { status: 'OK' as const };
const IdParams = Type.Object({ id: Type.String({ maxLength: 100 }) });
const Empty = Type.Optional(Type.Object({}, { additionalProperties: false }));
const own = (request: FastifyRequest) => ownSessionOf(principalOf(request));

/** How a signed-in person signs in: password, passkeys, sessions, one more factor. The auth hook has checked session and CSRF. */
export const securityRoutes: FastifyPluginAsyncTypebox<SecurityRoutesOptions> = async (app, options) => {
  const { sessions, passwords, ownPasskeys, recovery, stepUp } = options;
  const self = '/v1/users/self';

  app.get(`${self}/security`, { schema: { response: { 200: SecurityFacts, ...errors } } }, async (request) =>
    stepUp.facts(own(request)),
  );

  app.put(`${self}/password`, { schema: { body: PutPasswordBody, response: done } }, async (request) => {
    await passwords.put(actorOfRequest(request), own(request), request.body);
    return ok;
  });
  app.delete(`${self}/password`, { schema: { response: done } }, async (request) => {
    await passwords.remove(actorOfRequest(request), own(request));
    return ok;
  });

  app.get(`${self}/passkeys`, { schema: { response: { 200: PasskeyList, ...errors } } }, async (request) => ({
    passkeys: (await ownPasskeys.list(own(request).userId)).map(toWire),
  }));
  app.post(
    `${self}/passkeys/options`,
    { schema: { body: Empty, response: { 200: PasskeyOptions, ...errors } } },
    async (request, reply) => {
      const { options, setCookie } = await ownPasskeys.addOptions(own(request));
      void reply.header('set-cookie', setCookie);
      return { options: { ...options } };
    },
  );
  app.post(
    `${self}/passkeys`,
    { schema: { body: AddPasskeyBody, response: { 200: PasskeyEnvelope, ...errors } } },
    async (request) => {
      const cookies = request.headers.cookie;
      return { passkey: toWire(await ownPasskeys.add(actorOfRequest(request), own(request), request.body, cookies)) };
    },
  );
  app.patch(
    `${self}/passkeys/:id`,
    { schema: { params: IdParams, body: RenamePasskeyBody, response: { 200: PasskeyEnvelope, ...errors } } },
    async (request) => {
      const { id } = request.params;
      return {
        passkey: toWire(await ownPasskeys.rename(actorOfRequest(request), own(request), id, request.body.name)),
      };
    },
  );
  app.delete(`${self}/passkeys/:id`, { schema: { params: IdParams, response: done } }, async (request) => {
    await ownPasskeys.remove(actorOfRequest(request), own(request), request.params.id);
    return ok;
  });

  app.post(
    `${self}/recovery-codes`,
    { schema: { body: Empty, response: { 200: RecoveryCodeList, ...errors } } },
    async (request) => ({ codes: await recovery.make(actorOfRequest(request), own(request)) }),
  );

  app.post(`${self}/step-up/code`, { schema: { body: Empty, response: done } }, async (request) => {
    await stepUp.requestCode(actorOfRequest(request), own(request));
    return ok;
  });
  app.post(
    `${self}/step-up/passkey-options`,
    { schema: { body: Empty, response: { 200: PasskeyOptions, ...errors } } },
    async (request, reply) => {
      const { options, setCookie } = await stepUp.passkeyOptions(actorOfRequest(request), own(request));
      void reply.header('set-cookie', setCookie);
      return { options: { ...options } };
    },
  );
  app.post(`${self}/step-up`, { schema: { body: StepUpBody, response: done } }, async (request, reply) => {
    const { body, headers } = request;
    void reply.header('set-cookie', await stepUp.stepUp(actorOfRequest(request), own(request), body, headers.cookie));
    return ok;
  });

  app.get(`${self}/sessions`, { schema: { response: { 200: DashboardSessionList, ...errors } } }, async (request) => {
    const { userId, sessionId } = own(request);
    return { sessions: (await sessions.list(userId)).map((session) => sessionToWire(session, sessionId)) };
  });
  app.delete(`${self}/sessions`, { schema: { response: done } }, async (request) => {
    const { userId, sessionId } = own(request);
    await sessions.endOthers(actorOfRequest(request), userId, sessionId);
    return ok;
  });
  app.delete(`${self}/sessions/:id`, { schema: { params: IdParams, response: done } }, async (request) => {
    await sessions.end(actorOfRequest(request), own(request).userId, request.params.id);
    return ok;
  });
};

function toWire({ id, name, createdAt, lastUsedAt, backedUp }: StoredPasskey): Passkey {
  return { id, name, createdAt, lastUsedAt, backedUp };
}

function sessionToWire(session: StoredDashboardSession, currentId: string) {
  const { id, createdAt, lastSeenAt, expiresAt, address, userAgent, factors } = session;
  return {
    id,
    current: id === currentId,
    createdAt,
    lastSeenAt,
    expiresAt,
    address,
    userAgent,
    factors: factorNames(factors),
    secondFactor: isSecondFactor(factors),
  };
}
