import type { FastifyInstance } from 'fastify';
import { agentProfileRoutes } from './agent-profiles/agent-profile-routes.js';
import { createAgentProfileService } from './agent-profiles/agent-profile-service.js';
import type { Audit } from './audit/audit-service.js';
import type { Store } from './db/store.js';
import { githubRoutes } from './github/github-routes.js';
import { propertyRoutes } from './properties/property-routes.js';
import type { PropertyService } from './properties/property-service.js';
import { regionRoutes } from './regions/region-routes.js';
import { createRegionService } from './regions/region-service.js';
import type { Regions } from './regions/regions.js';
import { registryKeyRoutes } from './registry-keys/registry-key-routes.js';
import { secretReferenceRoutes } from './secrets/secret-reference-routes.js';
import type { SecretReferences } from './secrets/secret-references.js';
import { spendRoutes } from './spend/spend-routes.js';
import type { SpendService } from './spend/spend-service.js';
import type { Clock, Ids } from './system.js';
import type { Enrolment } from './workers/enrolment.js';
import type { WorkerChannel } from './workers/worker-channel.js';

interface PlatformDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  regions: Regions;
  properties: PropertyService;
  references: SecretReferences;
  spend: SpendService;
  enrolment: Enrolment;
  workers: WorkerChannel;
}

/** Where agents run and what they cost: regions, properties, profiles, spend, secrets kept there; and the routes of what this platform does not have. */
export async function registerPlatform(http: FastifyInstance, deps: PlatformDeps): Promise<void> {
  const { regions, properties, references, spend, workers } = deps;
  const lifecycle = createRegionService({ ...deps, own: regions.own, isConnected: workers.isConnected });
  await http.register(regionRoutes, { regions, lifecycle });
  await http.register(propertyRoutes, { properties });
  await http.register(agentProfileRoutes, { profiles: createAgentProfileService(deps) });
  await http.register(secretReferenceRoutes, { references });
  await http.register(spendRoutes, { spend });
  await http.register(registryKeyRoutes);
  await http.register(githubRoutes);
}
