import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { OrganizationParams } from '@pipecat-cloud/contract/names';
import { Usage, UsageQuery } from '@pipecat-cloud/contract/usage';
import { organizationOf } from '../http/request.js';
import type { UsageReport } from './usage-report.js';

export const usageRoutes: FastifyPluginAsyncTypebox<{ usageOf: UsageReport }> = async (app, { usageOf }) => {
  app.get(
    '/v1/organizations/:org/usage',
    {
      schema: {
        params: OrganizationParams,
        querystring: UsageQuery,
        response: { 200: Usage, '4xx': ErrorEnvelope },
      },
    },
    (request) => usageOf(organizationOf(request), request.query),
  );
};
