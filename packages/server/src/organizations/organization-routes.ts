import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { OrganizationParams } from '@pipecat-cloud/contract/names';
import { DailyKey, OrganizationList } from '@pipecat-cloud/contract/organizations';
import type { Authorizer } from '../access/authorize.js';
import { principalOf } from '../http/request.js';

export const organizationRoutes: FastifyPluginAsyncTypebox<{ authorizer: Authorizer }> = async (
  app,
  { authorizer },
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

  // No Daily key is kept yet; an error here would be printed by `whoami` of official clients (contract §3.8).
  app.get(
    '/v1/organizations/:org/daily',
    { schema: { params: OrganizationParams, response: { 200: DailyKey, '4xx': ErrorEnvelope } } },
    async () => ({}),
  );
};
