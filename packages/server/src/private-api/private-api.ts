import type { FastifyInstance } from 'fastify';
import type { AgentService } from '../agents/agent-service.js';
import { privateAgentRoutes } from '../agents/private-agent-routes.js';
import { privateBuildRoutes } from '../builds/build-routes.js';
import type { BuildService } from '../builds/build-service.js';
import type { UploadService } from '../builds/upload-service.js';
import { type LogRoutesDeps, privateLogRoutes } from '../logs/log-routes.js';
import { privatePropertyRoutes } from '../properties/property-routes.js';
import type { PropertyService } from '../properties/property-service.js';
import { privateSecretRoutes } from '../secrets/secret-routes.js';
import type { SecretService } from '../secrets/secret-service.js';
import { privateSessionRoutes } from '../sessions/private-session-routes.js';
import type { SessionService } from '../sessions/session-service.js';
import { handlePrivateError, handlePrivateSessionError } from './private-errors.js';

interface PrivateApiDeps extends LogRoutesDeps {
  agents: AgentService;
  builds: BuildService;
  uploads: UploadService;
  properties: PropertyService;
  secrets: SecretService;
  sessions: SessionService;
}

/**
 * The private REST API (contract §7): the services behind the organization-scoped routes, for programs that hold a private key. The
 * key's row gives the organization. Where the two differ in shape or code, the routes and these error handlers translate.
 */
export async function addPrivateApi(http: FastifyInstance, deps: PrivateApiDeps): Promise<void> {
  const { agents, builds, uploads, properties, secrets, sessions, logs, findAgentId } = deps;
  await http.register(async (scope) => {
    scope.setErrorHandler(handlePrivateError);
    await scope.register(privateAgentRoutes, { agents });
    await scope.register(privateLogRoutes, { logs, findAgentId });
    await scope.register(privateSecretRoutes, { secrets });
    await scope.register(privatePropertyRoutes, { properties });
    await scope.register(privateBuildRoutes, { builds, uploads });
  });
  await http.register(async (scope) => {
    scope.setErrorHandler(handlePrivateSessionError);
    await scope.register(privateSessionRoutes, { sessions });
  });
}
