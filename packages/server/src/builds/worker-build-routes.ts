import type { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { principalOf } from '../http/request.js';
import type { BuildService } from './build-service.js';

const ContextStream = Type.Unsafe<Readable>(Type.Any());

/** What a worker fetches to make a build; it checks the bytes with the SHA-256 of its order. */
export const workerBuildRoutes: FastifyPluginAsyncTypebox<{ builds: BuildService }> = async (app, { builds }) => {
  app.get(
    '/v1/workers/builds/:id/context',
    {
      schema: {
        params: Type.Object({ id: Type.String() }),
        response: { 200: ContextStream, '4xx': ErrorEnvelope, '5xx': ErrorEnvelope },
      },
    },
    async (request, reply) => {
      const { stream, sizeBytes } = await builds.openContext(request.params.id, scopeOf(request));
      return reply.header('content-length', sizeBytes).type('application/gzip').send(stream);
    },
  );
};

function scopeOf(request: FastifyRequest) {
  const principal = principalOf(request);
  return principal.kind === 'worker' ? principal.scope : undefined;
}
