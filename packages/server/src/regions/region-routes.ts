import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope, StatusOk } from '@pipecat-cloud/contract/errors';
import { OrganizationParams } from '@pipecat-cloud/contract/names';
import { EnrollmentToken, Region, RegionList, RegisterRegionBody } from '@pipecat-cloud/contract/regions';
import { Type } from 'typebox';
import { actorOfRequest, organizationOf } from '../http/request.js';
import { callerOf } from '../organizations/caller.js';
import type { RegionService } from './region-service.js';
import type { Regions } from './regions.js';

const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
const root = '/v1/organizations/:org/regions';
const RegionParams = Type.Object({ ...OrganizationParams.properties, key: Type.String() });

interface RegionRouteDeps {
  regions: Regions;
  lifecycle: RegionService;
}

/** Contract §6.7, and §13.2 for an organization's own regions. */
export const regionRoutes: FastifyPluginAsyncTypebox<RegionRouteDeps> = async (app, { regions, lifecycle }) => {
  app.get(
    root,
    { schema: { params: OrganizationParams, response: { 200: RegionList, ...errors } } },
    async (request) => await regions.list(organizationOf(request).id),
  );

  app.post(
    root,
    { schema: { params: OrganizationParams, body: RegisterRegionBody, response: { 200: Region, ...errors } } },
    async (request) => await lifecycle.register(organizationOf(request), actorOfRequest(request), request.body),
  );

  app.get(
    `${root}/:key`,
    { schema: { params: RegionParams, response: { 200: Region, ...errors } } },
    async (request) => await lifecycle.get(organizationOf(request).id, request.params.key),
  );

  app.delete(
    `${root}/:key`,
    { schema: { params: RegionParams, response: { 200: StatusOk, ...errors } } },
    async (request) => {
      await lifecycle.remove(organizationOf(request), actorOfRequest(request), request.params.key);
      return { status: 'OK' as const };
    },
  );

  app.post(
    `${root}/:key/enrollment-tokens`,
    { schema: { params: RegionParams, response: { 200: EnrollmentToken, ...errors } } },
    async (request, reply) => {
      void reply.header('cache-control', 'no-store');
      return await lifecycle.createEnrollmentToken(callerOf(request), request.params.key);
    },
  );
};
