import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { Capacity } from '@pipecat-cloud/contract/pool';
import { ServiceParams } from '../agents/agent-routes.js';
import { organizationOf } from '../http/request.js';

interface CapacityRoutesDeps {
  capacityOf: (organizationId: string, name: string) => Promise<Capacity>;
}

export const capacityRoutes: FastifyPluginAsyncTypebox<CapacityRoutesDeps> = async (app, { capacityOf }) => {
  app.get(
    '/v1/organizations/:org/services/:name/capacity',
    { schema: { params: ServiceParams, response: { 200: Capacity, '4xx': ErrorEnvelope } } },
    (request) => capacityOf(organizationOf(request).id, request.params.name),
  );
};
