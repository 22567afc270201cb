import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  DeployBody,
  PrivateService,
  PrivateServiceList,
  PrivateServiceQuery,
  servicePage,
  UpdateAgentBody,
} from '@pipecat-cloud/contract/agents';
import { ErrorEnvelope, StatusOk } from '@pipecat-cloud/contract/errors';
import { pageOf } from '@pipecat-cloud/contract/paging';
import { Type } from 'typebox';
import { badRequest } from '../errors.js';
import { linkNextPage } from '../http/next-page.js';
import { actorOfRequest, organizationOf } from '../http/request.js';
import type { AgentService } from './agent-service.js';
import {
  runningMembers,
  summaryMembers,
  toPrivateService,
  toPrivateSummary,
  toRunningSummary,
} from './private-agent-wire.js';

export const AgentParams = Type.Object({ name: Type.String() });
const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };

/** `/v1/agents` (contract §7): the agents of the organization whose private key it is. */
export const privateAgentRoutes: FastifyPluginAsyncTypebox<{ agents: AgentService }> = async (app, { agents }) => {
  app.get(
    '/v1/agents',
    { schema: { querystring: PrivateServiceQuery, response: { 200: PrivateServiceList, ...errors } } },
    async (request, reply) => {
      const organization = organizationOf(request);
      const page = pageOf(request.query, servicePage);
      const { region, includeActiveDeployment = false } = request.query;
      if (!includeActiveDeployment) {
        const { agents: listed, hasMore } = await agents.list(organization, { region, ...page }, summaryMembers);
        linkNextPage(request, reply, page, hasMore);
        return { services: listed.map((agent) => toPrivateSummary(agent, organization.id)), hasMore };
      }
      const { agents: listed, hasMore } = await agents.list(organization, { region, ...page }, runningMembers);
      const live = await agents.liveDeployments(organization, listed);
      linkNextPage(request, reply, page, hasMore);
      return { services: listed.map((agent) => toRunningSummary(agent, organization, live)), hasMore };
    },
  );

  app.post(
    '/v1/agents',
    { schema: { body: DeployBody, response: { 200: PrivateService, ...errors } } },
    async (request) =>
      toPrivateService(await agents.create(organizationOf(request), actorOfRequest(request), request.body)),
  );

  app.get(
    '/v1/agents/:name',
    { schema: { params: AgentParams, response: { 200: PrivateService, ...errors } } },
    async (request) => toPrivateService(await agents.get(organizationOf(request), request.params.name)),
  );

  app.post(
    '/v1/agents/:name',
    { schema: { params: AgentParams, body: UpdateAgentBody, response: { 200: PrivateService, ...errors } } },
    async (request) => {
      const { name } = request.params;
      const { serviceName = name, ...change } = request.body;
      if (serviceName !== name) {
        throw badRequest(`The body names agent '${serviceName}', the path '${name}'; an agent keeps its name for life`);
      }
      const updated = await agents.update(organizationOf(request), actorOfRequest(request), { ...change, serviceName });
      return toPrivateService(updated);
    },
  );

  app.delete(
    '/v1/agents/:name',
    { schema: { params: AgentParams, response: { 200: StatusOk, ...errors } } },
    async (request) => {
      await agents.remove(organizationOf(request), actorOfRequest(request), request.params.name);
      return { status: 'OK' as const };
    },
  );
};
