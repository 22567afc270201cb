import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope, StatusOk } from '@pipecat-cloud/contract/errors';
import {
  PutSecretBody,
  PutSecretHeaders,
  PutSecretResult,
  RegionQuery,
  SecretSet,
  SecretSetList,
} from '@pipecat-cloud/contract/secrets';
import { Type } from 'typebox';
import { actorOfRequest, organizationOf } from '../http/request.js';
import type { SecretService } from './secret-service.js';

const SetParams = Type.Object({ set: Type.String() });
const KeyParams = Type.Object({ set: Type.String(), key: Type.String() });
const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };

interface SecretRoutesDeps {
  secrets: SecretService;
}

/** Contract §6.6. Values are accepted and never answered. */
export const secretRoutes: FastifyPluginAsyncTypebox<SecretRoutesDeps> = (app, deps) =>
  addRoutes(app as TypedApp, deps, { root: '/v1/organizations/:org/secrets', accepted: 200 });

/** The same with a private key (contract §7.5), where an accepted change answers 202: it is done by then all the same. */
export const privateSecretRoutes: FastifyPluginAsyncTypebox<SecretRoutesDeps> = (app, deps) =>
  addRoutes(app as TypedApp, deps, { root: '/v1/secrets', accepted: 202 });

type TypedApp = Parameters<FastifyPluginAsyncTypebox>[0];

async function addRoutes(
  app: TypedApp,
  { secrets }: SecretRoutesDeps,
  { root, accepted }: { root: string; accepted: 200 | 202 },
): Promise<void> {
  app.get(
    root,
    { schema: { querystring: RegionQuery, response: { 200: SecretSetList, ...errors } } },
    async (request) => await secrets.list(organizationOf(request), request.query.region),
  );

  app.get(
    `${root}/:set`,
    { schema: { params: SetParams, querystring: RegionQuery, response: { 200: SecretSet, ...errors } } },
    async (request) => await secrets.get(organizationOf(request).id, request.params.set, request.query.region),
  );

  app.put(
    `${root}/:set`,
    {
      schema: {
        params: SetParams,
        body: PutSecretBody,
        headers: PutSecretHeaders,
        response: { 200: PutSecretResult, 202: PutSecretResult, ...errors },
      },
    },
    async (request, reply) => {
      const { params, body, headers } = request;
      const only = { ifThere: headers['if-match'] === '*', ifAbsent: headers['if-none-match'] === '*' };
      const { region } = await secrets.put(organizationOf(request), actorOfRequest(request), params.set, body, only);
      return reply.status(accepted).send({ status: 'OK' as const, region });
    },
  );

  app.delete(
    `${root}/:set/:key`,
    { schema: { params: KeyParams, response: { 200: StatusOk, ...errors } } },
    async (request) => {
      const { set, key } = request.params;
      await secrets.removeKey(organizationOf(request).id, actorOfRequest(request), set, key);
      return { status: 'OK' as const };
    },
  );

  app.delete(
    `${root}/:set`,
    { schema: { params: SetParams, response: { 200: StatusOk, ...errors } } },
    async (request) => {
      await secrets.removeSet(organizationOf(request).id, actorOfRequest(request), request.params.set);
      return { status: 'OK' as const };
    },
  );
}
