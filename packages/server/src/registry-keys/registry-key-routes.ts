import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope, StatusOk } from '@pipecat-cloud/contract/errors';
import { RegistryKeyList } from '@pipecat-cloud/contract/registry-keys';
import { AppError, notFound } from '../errors.js';

const root = '/v1/organizations/:org/registry-keys';

/** Keys for a registry that this platform does not have: there are none, and none can be made (contract §13.2). */
export const registryKeyRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(root, { schema: { response: { 200: RegistryKeyList, '4xx': ErrorEnvelope } } }, async () => ({
    registry_keys: [],
  }));

  app.post(root, { schema: { response: { 200: StatusOk, '4xx': ErrorEnvelope } } }, async () =>
    Promise.reject(
      new AppError(
        404,
        '404',
        'This installation has no registry of its own, so there are no registry keys: a worker is part of the same release as the server and is enrolled with a token. See docs/regions.md',
      ),
    ),
  );

  app.delete(`${root}/:id`, { schema: { response: { 200: StatusOk, '4xx': ErrorEnvelope } } }, async (request) =>
    Promise.reject(notFound('Registry key', (request.params as { id: string }).id)),
  );
};
