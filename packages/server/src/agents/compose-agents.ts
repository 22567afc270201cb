import type { FastifyInstance } from 'fastify';
import type { Audit } from '../audit/audit-service.js';
import type { BuildService } from '../builds/build-service.js';
import type { Store } from '../db/store.js';
import type { Regions } from '../regions/regions.js';
import { createSecretReferences } from '../secrets/secret-references.js';
import { secretRoutes } from '../secrets/secret-routes.js';
import type { SecretService } from '../secrets/secret-service.js';
import type { Clock, Ids } from '../system.js';
import type { WorkerChannel } from '../workers/worker-channel.js';
import { agentRoutes } from './agent-routes.js';
import { createAgentService } from './agent-service.js';
import { rolloutRoutes } from './rollout-routes.js';
import { createRolloutService } from './rollout-service.js';

interface AgentsDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  audit: Audit;
  regions: Regions;
  builds: BuildService;
  secrets: SecretService;
  workers: WorkerChannel;
  nudge: () => void;
  removeLogs: (agentId: string) => Promise<void>;
}

/** What teams deploy, with the secrets that it needs. */
export function composeAgents(deps: AgentsDeps) {
  const references = createSecretReferences(deps);
  const agents = createAgentService({ ...deps, references });
  const rollouts = createRolloutService({ ...deps, agents });
  return {
    agents,
    references,
    async register(http: FastifyInstance): Promise<void> {
      await http.register(secretRoutes, { secrets: deps.secrets });
      await http.register(agentRoutes, { agents });
      await http.register(rolloutRoutes, { rollouts });
    },
  };
}
