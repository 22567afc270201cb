import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { UpdateAccountBody, WhoAmI } from '@pipecat-cloud/contract/accounts';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { actorOfRequest, principalOf } from '../http/request.js';
import type { AccountService } from './account-service.js';

export const accountRoutes: FastifyPluginAsyncTypebox<{ accounts: AccountService }> = async (app, { accounts }) => {
  app.get(
    '/v1/users',
    { schema: { response: { 200: WhoAmI, '4xx': ErrorEnvelope } } },
    async (request) => await accounts.whoAmI(principalOf(request)),
  );

  app.patch(
    '/v1/users',
    { schema: { body: UpdateAccountBody, response: { 200: WhoAmI, '4xx': ErrorEnvelope } } },
    async (request) => {
      const { defaultOrganization } = request.body;
      return await accounts.setDefaultOrganization(principalOf(request), actorOfRequest(request), defaultOrganization);
    },
  );
};
