import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import {
  type Build,
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
import { Type } from 'typebox';
import { goneSignal } from '../http/gone.js';
import { actorOfRequest, organizationOf } from '../http/request.js';
import { uuidOf } from '../uuid.js';
import type { StoredBuild } from './build-row.js';
import type { BuildService } from './build-service.js';
import { presentBuild } from './build-wire.js';
import type { UploadService } from './upload-service.js';

const errors = { '4xx': ErrorEnvelope, '5xx': ErrorEnvelope };
const BuildParams = Type.Object({ id: Type.String() });

interface BuildRoutesDeps {
  builds: BuildService;
  uploads: UploadService;
}

/** Builds of an organization (contract §6.8, §10). */
export const buildRoutes: FastifyPluginAsyncTypebox<BuildRoutesDeps> = (app, deps) =>
  addRoutes(app as TypedApp, deps, { root: '/v1/organizations/:org/builds', idOf: (id) => id });

/** The same with a private key (contract §7.6), where an id that can be no build's is told apart from one that is none. */
export const privateBuildRoutes: FastifyPluginAsyncTypebox<BuildRoutesDeps> = (app, deps) =>
  addRoutes(app as TypedApp, deps, { root: '/v1/builds', idOf: (id) => uuidOf('build', id) });

type TypedApp = Parameters<FastifyPluginAsyncTypebox>[0];

async function addRoutes(
  app: TypedApp,
  { builds, uploads }: BuildRoutesDeps,
  { root, idOf }: { root: string; idOf: (id: string) => string },
): Promise<void> {
  /** With who asked for each. */
  async function present(organizationId: string, found: readonly StoredBuild[]): Promise<Build[]> {
    const makers = await builds.makersOf(organizationId, found);
    return found.map((build) => presentBuild(build, makers.get(build.id)));
  }

  app.post(
    `${root}/upload-url`,
    { schema: { body: UploadUrlBody, response: { 200: UploadUrl, ...errors } } },
    async (request) => uploads.createUrl(organizationOf(request), actorOfRequest(request), request.body.region),
  );

  app.post(
    root,
    { schema: { body: CreateBuildBody, response: { 200: CreatedBuild, 201: CreatedBuild, ...errors } } },
    async (request, reply) => {
      const organization = organizationOf(request);
      const actor = actorOfRequest(request);
      const { build, cached } = await builds.create(organization, actor, request.body, goneSignal(reply));
      return reply
        .status(cached ? 200 : 201)
        .send({ build: presentBuild(build), contextHash: build.contextHash, cached });
    },
  );

  app.get(root, { schema: { querystring: BuildQuery, response: { 200: BuildList, ...errors } } }, async (request) => {
    const { id } = organizationOf(request);
    const page = await builds.list(id, request.query);
    return { ...page, builds: await present(id, page.builds) };
  });

  app.get(
    `${root}/:id`,
    { schema: { params: BuildParams, response: { 200: BuildEnvelope, ...errors } } },
    async (request) => {
      const organization = organizationOf(request);
      const found = await builds.get(organization.id, idOf(request.params.id));
      const [build = presentBuild(found)] = await present(organization.id, [found]);
      return { build };
    },
  );

  app.post(
    `${root}/:id/cancel`,
    { schema: { params: BuildParams, response: { 200: BuildEnvelope, ...errors } } },
    async (request) => {
      const { id } = request.params;
      return { build: presentBuild(await builds.cancel(organizationOf(request), actorOfRequest(request), idOf(id))) };
    },
  );

  app.get(
    `${root}/:id/logs`,
    { schema: { params: BuildParams, querystring: BuildLogQuery, response: { 200: BuildLogs, ...errors } } },
    async (request) => ({
      logs: await builds.logs(organizationOf(request).id, idOf(request.params.id), request.query),
    }),
  );
}
