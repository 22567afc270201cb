import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { PatchPropertiesBody, Properties, PropertySchema } from '@pipecat-cloud/contract/properties';
import { RegionList } from '@pipecat-cloud/contract/regions';
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
    async (request) => (await properties.patch(organizationOf(request), actorOfRequest(request), request.body)).values,
  );
};

/** The same with a private key (contract §7.5): a change answers what the schema route answers, not plain values. */
export const privatePropertyRoutes: FastifyPluginAsyncTypebox<{ properties: PropertyService }> = async (
  app,
  { properties },
) => {
  app.get(
    '/v1/regions',
    { schema: { response: { 200: RegionList, ...errors } } },
    async (request) => await properties.regions(organizationOf(request)),
  );

  app.get(
    '/v1/properties',
    { schema: { response: { 200: Properties, ...errors } } },
    async (request) => await properties.get(organizationOf(request)),
  );

  app.get(
    '/v1/properties/schema',
    { schema: { response: { 200: PropertySchema, ...errors } } },
    async (request) => await properties.schema(organizationOf(request)),
  );

  app.patch(
    '/v1/properties',
    { schema: { body: PatchPropertiesBody, response: { 200: PropertySchema, ...errors } } },
    async (request) => (await properties.patch(organizationOf(request), actorOfRequest(request), request.body)).schema,
  );
};
