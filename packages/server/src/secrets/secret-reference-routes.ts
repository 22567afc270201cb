import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { ReferencedSecretSet, ReferenceSecretBody } from '@pipecat-cloud/contract/secrets';
import { actorOfRequest, organizationOf } from '../http/request.js';
import type { SecretReferences } from './secret-references.js';

/** Contract §13.2. */
export const secretReferenceRoutes: FastifyPluginAsyncTypebox<{ references: SecretReferences }> = async (
  app,
  { references },
) => {
  app.post(
    '/v1/organizations/:org/secrets/references',
    {
      schema: {
        body: ReferenceSecretBody,
        response: { 200: ReferencedSecretSet, '4xx': ErrorEnvelope, '5xx': ErrorEnvelope },
      },
    },
    async (request) => await references.add(organizationOf(request), actorOfRequest(request), request.body),
  );
};
