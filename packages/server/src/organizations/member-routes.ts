import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope, StatusOk } from '@pipecat-cloud/contract/errors';
import {
  MemberEnvelope,
  MemberList,
  RemovedMember,
  RemoveMemberBody,
  UpdateMemberBody,
} from '@pipecat-cloud/contract/members';
import { TokenList } from '@pipecat-cloud/contract/tokens';
import { Type } from 'typebox';
import { organizationOf } from '../http/request.js';
import { callerOf } from './caller.js';
import type { MemberService } from './member-service.js';

const MemberParams = Type.Object({ org: Type.String(), userId: Type.String() });
const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
const members = '/v1/organizations/:org/members';

export const memberRoutes: FastifyPluginAsyncTypebox<{ members: MemberService }> = async (
  app,
  { members: service },
) => {
  app.get(members, { schema: { response: { 200: MemberList, ...errors } } }, async (request) => ({
    members: await service.list(organizationOf(request).id),
  }));

  app.delete(`${members}/self`, { schema: { response: { 200: StatusOk, ...errors } } }, async (request) => {
    await service.leave(callerOf(request));
    return { status: 'OK' as const };
  });

  app.patch(
    `${members}/:userId`,
    { schema: { params: MemberParams, body: UpdateMemberBody, response: { 200: MemberEnvelope, ...errors } } },
    async (request) => ({
      member: await service.changeRole(callerOf(request), request.params.userId, request.body.role),
    }),
  );

  app.delete(
    `${members}/:userId`,
    {
      schema: {
        params: MemberParams,
        body: RemoveMemberBody,
        response: { 200: RemovedMember, ...errors },
      },
      // Clients that have nothing to say of tokens send no body.
      preValidation: async (request) => {
        request.body ??= {};
      },
    },
    async (request) => await service.remove(callerOf(request), request.params.userId, request.body),
  );

  app.get(
    `${members}/:userId/tokens`,
    { schema: { params: MemberParams, response: { 200: TokenList, ...errors } } },
    async (request) => ({ tokens: await service.listTokens(callerOf(request), request.params.userId) }),
  );
};
