import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope, StatusOk } from '@pipecat-cloud/contract/errors';
import {
  AcceptedInvitation,
  AcceptInvitationBody,
  CreatedInvitation,
  CreateInvitationBody,
  InvitationList,
} from '@pipecat-cloud/contract/members';
import { Type } from 'typebox';
import { actorOfRequest, organizationOf, principalOf } from '../http/request.js';
import { checkCsrf } from '../sign-in/csrf.js';
import type { SessionCookie } from '../sign-in/session-cookie.js';
import { callerOf } from './caller.js';
import type { InvitationAcceptance } from './invitation-acceptance.js';
import type { InvitationService } from './invitation-service.js';

interface InvitationRoutesOptions {
  invitations: InvitationService;
  acceptance: InvitationAcceptance;
  cookie: Pick<SessionCookie, 'set'>;
  publicUrl: string;
}

const InvitationParams = Type.Object({ org: Type.String(), id: Type.String() });
const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
const path = '/v1/organizations/:org/invitations';

export const invitationRoutes: FastifyPluginAsyncTypebox<InvitationRoutesOptions> = async (
  app,
  { invitations, acceptance, cookie, publicUrl },
) => {
  app.get(path, { schema: { response: { 200: InvitationList, ...errors } } }, async (request) => ({
    invitations: await invitations.list(organizationOf(request).id),
  }));

  app.post(
    path,
    { schema: { body: CreateInvitationBody, response: { 200: CreatedInvitation, ...errors } } },
    async (request, reply) => {
      void reply.header('cache-control', 'no-store');
      return await invitations.create(callerOf(request), request.body);
    },
  );

  app.delete(
    `${path}/:id`,
    { schema: { params: InvitationParams, response: { 200: StatusOk, ...errors } } },
    async (request) => {
      await invitations.revoke(callerOf(request), request.params.id);
      return { status: 'OK' as const };
    },
  );

  app.post(
    '/v1/invitations/accept',
    { schema: { body: AcceptInvitationBody, response: { 200: AcceptedInvitation, ...errors } } },
    async (request) => await acceptance.accept(principalOf(request), actorOfRequest(request), request.body.code),
  );

  app.post(
    '/auth/invitation',
    {
      schema: { body: AcceptInvitationBody, response: { 200: AcceptedInvitation, ...errors } },
      // It carries no credential, so another site's page could sign its visitor in as somebody else.
      onRequest: async (request) => checkCsrf(request, publicUrl),
    },
    async (request, reply) => {
      void reply.header('cache-control', 'no-store');
      const { session, ...accepted } = await acceptance.acceptAsNewcomer(
        actorOfRequest(request),
        request.body.code,
        request.headers.cookie,
      );
      void reply.header('set-cookie', cookie.set(session));
      return accepted;
    },
  );
};
