import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ApiKeyList, CreateApiKeyBody, CreatedApiKey } from '@pipecat-cloud/contract/api-keys';
import { ErrorEnvelope, StatusOk } from '@pipecat-cloud/contract/errors';
import { Type } from 'typebox';
import { actorOfRequest, organizationOf } from '../http/request.js';
import { callerOf } from '../organizations/caller.js';
import type { ApiKeyService } from './api-key-service.js';

const KeyParams = Type.Object({ org: Type.String(), id: Type.String() });
const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
const keys = '/v1/organizations/:org/apiKeys';

/** Contract §6.5. */
export const apiKeyRoutes: FastifyPluginAsyncTypebox<{ apiKeys: ApiKeyService }> = async (app, { apiKeys }) => {
  app.get(keys, { schema: { response: { 200: ApiKeyList, ...errors } } }, async (request) => {
    return await apiKeys.list(organizationOf(request).id);
  });

  app.post(
    keys,
    { schema: { body: CreateApiKeyBody, response: { 200: CreatedApiKey, ...errors } } },
    async (request, reply) => {
      void reply.header('cache-control', 'no-store');
      return await apiKeys.create(callerOf(request), request.body);
    },
  );

  app.post(
    `${keys}/:id/rotate`,
    { schema: { params: KeyParams, response: { 200: CreatedApiKey, ...errors } } },
    async (request, reply) => {
      void reply.header('cache-control', 'no-store');
      return await apiKeys.rotate(callerOf(request), request.params.id);
    },
  );

  app.delete(
    `${keys}/:id`,
    { schema: { params: KeyParams, response: { 200: StatusOk, ...errors } } },
    async (request) => {
      await apiKeys.revoke(organizationOf(request), actorOfRequest(request), request.params.id);
      return { status: 'OK' as const };
    },
  );
};
