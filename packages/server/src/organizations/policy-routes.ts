import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { PolicyBody, PolicyDryRun, PolicyEnvelope } from '@pipecat-cloud/contract/policies';
import { organizationOf } from '../http/request.js';
import { callerOf } from './caller.js';
import type { PolicyService } from './policy-service.js';

const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
const path = '/v1/organizations/:org/policy';

export const policyRoutes: FastifyPluginAsyncTypebox<{ policies: PolicyService }> = async (app, { policies }) => {
  app.get(
    path,
    { schema: { response: { 200: PolicyEnvelope, ...errors } } },
    async (request) => await policies.get(organizationOf(request).id),
  );
  app.put(
    path,
    { schema: { body: PolicyBody, response: { 200: PolicyEnvelope, ...errors } } },
    async (request) => await policies.put(callerOf(request), request.body),
  );
  app.post(
    `${path}/dry-run`,
    { schema: { body: PolicyBody, response: { 200: PolicyDryRun, ...errors } } },
    async (request) => await policies.dryRun(organizationOf(request).id, request.body),
  );
};
