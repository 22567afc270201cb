import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope, StatusOk } from '@pipecat-cloud/contract/errors';
import {
  CreateServiceAccountBody,
  ServiceAccountEnvelope,
  ServiceAccountList,
  UpdateServiceAccountBody,
} from '@pipecat-cloud/contract/service-accounts';
import { Type } from 'typebox';
import { organizationOf } from '../http/request.js';
import { callerOf } from '../organizations/caller.js';
import type { ServiceAccountService } from './service-account-service.js';

/** `id` may be the name. */
const Params = Type.Object({ org: Type.String(), id: Type.String({ maxLength: 100 }) });
const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
const path = '/v1/organizations/:org/service-accounts';

export const serviceAccountRoutes: FastifyPluginAsyncTypebox<{ serviceAccounts: ServiceAccountService }> = async (
  app,
  { serviceAccounts },
) => {
  app.get(path, { schema: { response: { 200: ServiceAccountList, ...errors } } }, async (request) => ({
    serviceAccounts: await serviceAccounts.list(organizationOf(request).id),
  }));

  app.post(
    path,
    { schema: { body: CreateServiceAccountBody, response: { 200: ServiceAccountEnvelope, ...errors } } },
    async (request) => ({ serviceAccount: await serviceAccounts.create(callerOf(request), request.body) }),
  );

  app.get(
    `${path}/:id`,
    { schema: { params: Params, response: { 200: ServiceAccountEnvelope, ...errors } } },
    async (request) => ({
      serviceAccount: await serviceAccounts.get(organizationOf(request).id, request.params.id),
    }),
  );

  app.patch(
    `${path}/:id`,
    {
      schema: { params: Params, body: UpdateServiceAccountBody, response: { 200: ServiceAccountEnvelope, ...errors } },
    },
    async (request) => ({
      serviceAccount: await serviceAccounts.update(callerOf(request), request.params.id, request.body),
    }),
  );

  app.delete(`${path}/:id`, { schema: { params: Params, response: { 200: StatusOk, ...errors } } }, async (request) => {
    await serviceAccounts.remove(callerOf(request), request.params.id);
    return { status: 'OK' as const };
  });
};
