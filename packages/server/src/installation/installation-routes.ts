import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { InstallationHealth } from '@pipecat-cloud/contract/installation';
import { principalOf } from '../http/request.js';
import type { InstallationHealthService } from './installation-health.js';

/** How the installation is, for its owner. */
export const installationRoutes: FastifyPluginAsyncTypebox<{ health: InstallationHealthService }> = async (
  app,
  { health },
) => {
  app.get(
    '/v1/installation/health',
    { schema: { response: { 200: InstallationHealth, '4xx': ErrorEnvelope } } },
    async (request) => {
      await health.checkOwner(principalOf(request), request.ip);
      return await health.read();
    },
  );
};
