import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope, StatusOk } from '@pipecat-cloud/contract/errors';
import { PutSecretBody, PutSecretResult, RegionQuery, SecretSet, SecretSetList } from '@pipecat-cloud/contract/secrets';
import { Type } from 'typebox';
import { actorOfRequest, organizationOf } from '../http/request.js';
import type { SecretService } from './secret-service.js';

const SetParams = Type.Object({ org: Type.String(), set: Type.String() });
const KeyParams = Type.Object({ org: Type.String(), set: Type.String(), key: Type.String() });
const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
const sets = '/v1/organizations/:org/secrets';

/** Contract §6.6. Values are accepted and never answered. */
export const secretRoutes: FastifyPluginAsyncTypebox<{ secrets: SecretService }> = async (app, { secrets }) => {
  app.get(
    sets,
    { schema: { querystring: RegionQuery, response: { 200: SecretSetList, ...errors } } },
    async (request) => await secrets.list(organizationOf(request).id, request.query.region),
  );

  app.get(
    `${sets}/:set`,
    { schema: { params: SetParams, querystring: RegionQuery, response: { 200: SecretSet, ...errors } } },
    async (request) => await secrets.get(organizationOf(request).id, request.params.set, request.query.region),
  );

  app.put(
    `${sets}/:set`,
    { schema: { params: SetParams, body: PutSecretBody, response: { 200: PutSecretResult, ...errors } } },
    async (request) => {
      const { region } = await secrets.put(
        organizationOf(request),
        actorOfRequest(request),
        request.params.set,
        request.body,
      );
      return { status: 'OK' as const, region };
    },
  );

  app.delete(
    `${sets}/:set/:key`,
    { schema: { params: KeyParams, response: { 200: StatusOk, ...errors } } },
    async (request) => {
      const { set, key } = request.params;
      await secrets.removeKey(organizationOf(request).id, actorOfRequest(request), set, key);
      return { status: 'OK' as const };
    },
  );

  app.delete(
    `${sets}/:set`,
    { schema: { params: SetParams, response: { 200: StatusOk, ...errors } } },
    async (request) => {
      await secrets.removeSet(organizationOf(request).id, actorOfRequest(request), request.params.set);
      return { status: 'OK' as const };
    },
  );
};
