import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { PromoteBody, RollbackBody, WrappedService } from '@pipecat-cloud/contract/agents';
import { DeploymentList } from '@pipecat-cloud/contract/deployments';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { actorOfRequest, organizationOf } from '../http/request.js';
import { ServiceParams } from './agent-routes.js';
import type { RolloutService } from './rollout-service.js';

const service = '/v1/organizations/:org/services/:name';

/** The deployments of an agent, and which of them takes its sessions. */
export const rolloutRoutes: FastifyPluginAsyncTypebox<{ rollouts: RolloutService }> = async (app, { rollouts }) => {
  app.get(
    `${service}/deployments`,
    { schema: { params: ServiceParams, response: { 200: DeploymentList, '4xx': ErrorEnvelope } } },
    async (request) => ({ deployments: await rollouts.history(organizationOf(request), request.params.name) }),
  );

  app.post(
    `${service}/promote`,
    { schema: { params: ServiceParams, body: PromoteBody, response: { 200: WrappedService, '4xx': ErrorEnvelope } } },
    async (request) => {
      const { params, body } = request;
      return { body: await rollouts.promote(organizationOf(request), actorOfRequest(request), params.name, body) };
    },
  );

  app.post(
    `${service}/rollback`,
    { schema: { params: ServiceParams, body: RollbackBody, response: { 200: WrappedService, '4xx': ErrorEnvelope } } },
    async (request) => {
      const { params, body } = request;
      return { body: await rollouts.rollBack(organizationOf(request), actorOfRequest(request), params.name, body) };
    },
  );
};
