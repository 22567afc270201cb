import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { OrganizationParams } from '@pipecat-cloud/contract/names';
import { PutSpendLimitBody, SpendLimit } from '@pipecat-cloud/contract/spend-limit';
import { actorOfRequest, organizationOf } from '../http/request.js';
import type { SpendService } from './spend-service.js';

const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
const path = '/v1/organizations/:org/spend-limit';

/** Contract §13.2. */
export const spendRoutes: FastifyPluginAsyncTypebox<{ spend: SpendService }> = async (app, { spend }) => {
  app.get(
    path,
    { schema: { params: OrganizationParams, response: { 200: SpendLimit, ...errors } } },
    async (request) => await spend.get(organizationOf(request)),
  );

  app.put(
    path,
    { schema: { params: OrganizationParams, body: PutSpendLimitBody, response: { 200: SpendLimit, ...errors } } },
    async (request) => await spend.put(organizationOf(request), actorOfRequest(request), request.body),
  );
};
