import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { OrganizationParams } from '@pipecat-cloud/contract/names';
import { DailyKey, OrganizationList } from '@pipecat-cloud/contract/organizations';
import { reachableOrganizations } from '../access/authorize.js';
import type { Store } from '../db/store.js';
import { principalOf } from '../http/request.js';

export const organizationRoutes: FastifyPluginAsyncTypebox<{ store: Store }> = async (app, { store }) => {
  app.get(
    '/v1/organizations',
    { schema: { response: { 200: OrganizationList, '4xx': ErrorEnvelope } } },
    async (request) => {
      const reachable = await reachableOrganizations(store, principalOf(request));
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
