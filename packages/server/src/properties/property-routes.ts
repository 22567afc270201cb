import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { PatchPropertiesBody, Properties, PropertySchema } from '@pipecat-cloud/contract/properties';
import { actorOfRequest, organizationOf } from '../http/request.js';
import type { PropertyService } from './property-service.js';

const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
const organization = '/v1/organizations/:org';

/** Contract §6.7. */
export const propertyRoutes: FastifyPluginAsyncTypebox<{ properties: PropertyService }> = async (
  app,
  { properties },
) => {
  app.get(
    `${organization}/properties`,
    { schema: { response: { 200: Properties, ...errors } } },
    async (request) => await properties.get(organizationOf(request)),
  );

  app.get(
    `${organization}/properties/schema`,
    { schema: { response: { 200: PropertySchema, ...errors } } },
    async (request) => await properties.schema(organizationOf(request)),
  );

  app.patch(
    `${organization}/properties`,
    { schema: { body: PatchPropertiesBody, response: { 200: Properties, ...errors } } },
    async (request) => await properties.patch(organizationOf(request), actorOfRequest(request), request.body),
  );
};
