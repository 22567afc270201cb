import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  DeployBody,
  Service,
  ServiceList,
  ServiceQuery,
  servicePage,
  WrappedService,
} from '@pipecat-cloud/contract/agents';
import { ErrorEnvelope, StatusOk } from '@pipecat-cloud/contract/errors';
import { OrganizationParams } from '@pipecat-cloud/contract/names';
import { pageOf } from '@pipecat-cloud/contract/paging';
import { Type } from 'typebox';
import { linkNextPage } from '../http/next-page.js';
import { actorOfRequest, organizationOf } from '../http/request.js';
import type { AgentService } from './agent-service.js';
import { presentSummary, summaryMembers } from './service-status.js';

export const ServiceParams = Type.Object({ ...OrganizationParams.properties, name: Type.String() });
const services = '/v1/organizations/:org/services';

/** The wire says service where we say agent. */
export const agentRoutes: FastifyPluginAsyncTypebox<{ agents: AgentService }> = async (app, { agents }) => {
  app.get(
    services,
    {
      schema: {
        params: OrganizationParams,
        querystring: ServiceQuery,
        response: { 200: ServiceList, '4xx': ErrorEnvelope },
      },
    },
    async (request, reply) => {
      const page = pageOf(request.query, servicePage);
      const filter = { ...request.query, ...page };
      const { agents: listed, hasMore } = await agents.list(organizationOf(request), filter, summaryMembers);
      linkNextPage(request, reply, page, hasMore);
      return { services: listed.map(presentSummary), hasMore };
    },
  );

  const deploySchema = {
    params: OrganizationParams,
    body: DeployBody,
    response: { 200: Service, '4xx': ErrorEnvelope },
  };
  app.post(services, { schema: deploySchema }, (request) =>
    agents.create(organizationOf(request), actorOfRequest(request), request.body),
  );
  // No name in the path: the body names the agent (contract §6.2).
  app.put(services, { schema: deploySchema }, (request) =>
    agents.update(organizationOf(request), actorOfRequest(request), request.body),
  );

  app.get(
    `${services}/:name`,
    { schema: { params: ServiceParams, response: { 200: WrappedService, '4xx': ErrorEnvelope } } },
    async (request) => ({ body: await agents.get(organizationOf(request), request.params.name) }),
  );

  app.delete(
    `${services}/:name`,
    { schema: { params: ServiceParams, response: { 200: StatusOk, '4xx': ErrorEnvelope } } },
    async (request) => {
      await agents.remove(organizationOf(request), actorOfRequest(request), request.params.name);
      return { status: 'OK' as const };
    },
  );
};
