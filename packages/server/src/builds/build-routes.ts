import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  BuildEnvelope,
  BuildList,
  BuildLogQuery,
  BuildLogs,
  BuildQuery,
  CreateBuildBody,
  CreatedBuild,
  UploadUrl,
  UploadUrlBody,
} from '@pipecat-cloud/contract/builds';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { OrganizationParams } from '@pipecat-cloud/contract/names';
import { Type } from 'typebox';
import { actorOfRequest, organizationOf } from '../http/request.js';
import type { BuildService } from './build-service.js';
import { presentBuild } from './build-wire.js';
import type { UploadService } from './upload-service.js';

const root = '/v1/organizations/:org/builds';
const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
const BuildParams = Type.Object({ org: Type.String(), id: Type.String() });

/** Builds of an organization (contract §6.8, §7.6, §10). */
export const buildRoutes: FastifyPluginAsyncTypebox<{ builds: BuildService; uploads: UploadService }> = async (
  app,
  { builds, uploads },
) => {
  app.post(
    `${root}/upload-url`,
    { schema: { params: OrganizationParams, body: UploadUrlBody, response: { 200: UploadUrl, ...errors } } },
    async (request) => uploads.createUrl(organizationOf(request), actorOfRequest(request), request.body.region),
  );

  app.post(
    root,
    {
      schema: {
        params: OrganizationParams,
        body: CreateBuildBody,
        response: { 200: CreatedBuild, 201: CreatedBuild, ...errors },
      },
    },
    async (request, reply) => {
      const { build, cached } = await builds.create(organizationOf(request), actorOfRequest(request), request.body);
      return reply
        .status(cached ? 200 : 201)
        .send({ build: presentBuild(build), contextHash: build.contextHash, cached });
    },
  );

  app.get(
    root,
    { schema: { params: OrganizationParams, querystring: BuildQuery, response: { 200: BuildList, ...errors } } },
    async (request) => {
      const page = await builds.list(organizationOf(request).id, request.query);
      return { ...page, builds: page.builds.map(presentBuild) };
    },
  );

  app.get(
    `${root}/:id`,
    { schema: { params: BuildParams, response: { 200: BuildEnvelope, ...errors } } },
    async (request) => ({ build: presentBuild(await builds.get(organizationOf(request).id, request.params.id)) }),
  );

  app.get(
    `${root}/:id/logs`,
    { schema: { params: BuildParams, querystring: BuildLogQuery, response: { 200: BuildLogs, ...errors } } },
    async (request) => ({ logs: await builds.logs(organizationOf(request).id, request.params.id, request.query) }),
  );
};
