import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope, StatusOk } from '@pipecat-cloud/contract/errors';
import { OrganizationParams } from '@pipecat-cloud/contract/names';
import {
  CreateOrganizationBody,
  OrganizationEnvelope,
  OrganizationList,
  UpdateOrganizationBody,
} from '@pipecat-cloud/contract/organizations';
import type { Authorizer } from '../access/authorize.js';
import { actorOfRequest, principalOf } from '../http/request.js';
import { callerOf } from './caller.js';
import type { OrganizationService } from './organization-service.js';

interface OrganizationRoutesOptions {
  authorizer: Authorizer;
  organizations: OrganizationService;
}
const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
const one = '/v1/organizations/:org';

export const organizationRoutes: FastifyPluginAsyncTypebox<OrganizationRoutesOptions> = async (
  app,
  { authorizer, organizations },
) => {
  app.get(
    '/v1/organizations',
    { schema: { response: { 200: OrganizationList, '4xx': ErrorEnvelope } } },
    async (request) => {
      const reachable = await authorizer.reach(principalOf(request));
      return {
        organizations: reachable.map(({ id, name, verboseName, role }) => ({ id, name, verboseName, role })),
      };
    },
  );

  app.post(
    '/v1/organizations',
    { schema: { body: CreateOrganizationBody, response: { 200: OrganizationEnvelope, ...errors } } },
    async (request) => ({
      organization: await organizations.create(principalOf(request), actorOfRequest(request), request.body),
    }),
  );

  app.patch(
    one,
    {
      schema: {
        params: OrganizationParams,
        body: UpdateOrganizationBody,
        response: { 200: OrganizationEnvelope, ...errors },
      },
    },
    async (request) => ({ organization: await organizations.update(callerOf(request), request.body) }),
  );

  app.delete(
    one,
    { schema: { params: OrganizationParams, response: { 200: StatusOk, ...errors } } },
    async (request) => {
      await organizations.remove(callerOf(request));
      return { status: 'OK' as const };
    },
  );
};
