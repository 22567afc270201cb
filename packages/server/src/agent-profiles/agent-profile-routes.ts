import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  AgentProfile,
  AgentProfileList,
  CreateAgentProfileBody,
  PatchAgentProfileBody,
} from '@pipecat-cloud/contract/agent-profiles';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { OrganizationParams } from '@pipecat-cloud/contract/names';
import { Type } from 'typebox';
import { actorOfRequest, organizationOf } from '../http/request.js';
import type { AgentProfileService } from './agent-profile-service.js';

const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
const root = '/v1/organizations/:org/agent-profiles';
const ProfileParams = Type.Object({ ...OrganizationParams.properties, apiName: Type.String() });

/** Contract §13.2. */
export const agentProfileRoutes: FastifyPluginAsyncTypebox<{ profiles: AgentProfileService }> = async (
  app,
  { profiles },
) => {
  app.get(
    root,
    { schema: { params: OrganizationParams, response: { 200: AgentProfileList, ...errors } } },
    async (request) => await profiles.list(organizationOf(request).id),
  );

  app.post(
    root,
    {
      schema: { params: OrganizationParams, body: CreateAgentProfileBody, response: { 200: AgentProfile, ...errors } },
    },
    async (request) => await profiles.create(organizationOf(request), actorOfRequest(request), request.body),
  );

  app.patch(
    `${root}/:apiName`,
    { schema: { params: ProfileParams, body: PatchAgentProfileBody, response: { 200: AgentProfile, ...errors } } },
    async (request) =>
      await profiles.patch(organizationOf(request), actorOfRequest(request), request.params.apiName, request.body),
  );
};
