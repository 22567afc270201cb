import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { rolePermissions } from '@pipecat-cloud/contract/permissions';
import { accountRoutes } from '@pipecat-cloud/server/accounts/account-routes';
import { createAccountService } from '@pipecat-cloud/server/accounts/account-service';
import { agentRoutes } from '@pipecat-cloud/server/agents/agent-routes';
import { createAgentService } from '@pipecat-cloud/server/agents/agent-service';
import { compose } from '@pipecat-cloud/server/compose';
import { readConfig } from '@pipecat-cloud/server/config/config';
import { openKeys } from '@pipecat-cloud/server/config/keys';
import type { Store } from '@pipecat-cloud/server/db/store';
import '@pipecat-cloud/server/http/request';
import { addSecurityHeaders } from '@pipecat-cloud/server/http/security-headers';
import { createHttp } from '@pipecat-cloud/server/http/server';
import { createRegions } from '@pipecat-cloud/server/regions/regions';
import { systemClock, systemIds } from '@pipecat-cloud/server/system';
import type { FastifyInstance } from 'fastify';
import { type Logger, pino } from 'pino';

// The real control plane, and in the same process, on another port, the very routes of accounts and agents on the same database,
// where nobody is asked who they are. One process: what it has compiled, cached and collected is the same for both.

/** How it tells where to ask. */
export interface RoutesReady {
  type: 'ready';
  /** Of the control plane. */
  port: number;
  /** Without authentication. */
  openPort: number;
}

const config = readConfig(process.env);
await mkdir(config.dataDirectory, { recursive: true, mode: 0o700 });
const log = pino({ level: 'warn' });
const keys = await openKeys(join(config.dataDirectory, 'keys.json'));
const plane = await compose(config, keys, log, { terminal: () => {} });
await storeAgents(plane.store, plane.bootstrapped.ownerId);
const open = await createOpen(plane.store, plane.bootstrapped.ownerId, log);
const listen = async (http: FastifyInstance) => {
  await http.listen({ port: 0, host: '127.0.0.1' });
  return (http.server.address() as { port: number }).port;
};
const ready: RoutesReady = { type: 'ready', port: await listen(plane.http), openPort: await listen(open) };
process.once('SIGTERM', () => {
  void open
    .close()
    .then(() => plane.close())
    .then(() => process.disconnect());
});
process.on('disconnect', () => process.exit());
process.send?.(ready);

/** Every request is the owner's, in the owner's first organization. */
async function createOpen(store: Store, userId: string, logger: Logger): Promise<FastifyInstance> {
  const [organization] = await store.organizations.listOfUser(userId);
  const http = createHttp(logger);
  addSecurityHeaders(http, 'http://localhost');
  http.addHook('onRequest', (request, _reply, done) => {
    request.principal = { kind: 'user', userId, via: 'session', sessionId: '', secondFactor: false };
    if (organization) request.organization = { ...organization, permissions: rolePermissions.owner };
    done();
  });
  const audit = { record: async () => {} };
  await http.register(accountRoutes, {
    accounts: createAccountService({ store, audit, authorizer: { reach: async () => [] } }),
  });
  await http.register(agentRoutes, {
    agents: createAgentService({
      store,
      clock: systemClock,
      ids: systemIds,
      audit,
      // Of no use to a route that lists.
      builds: { findUsable: () => Promise.reject(new Error('There are no builds here')) },
      secrets: { readiness: () => Promise.reject(new Error('There are no secrets here')) },
      regions: createRegions({ store, own: { code: 'bench', name: 'Bench' } }),
      workers: { locate: () => undefined },
      references: { checkStillThere: () => Promise.reject(new Error('There are no secrets here')) },
      nudge: () => {},
      removeLogs: async () => {},
    }),
  });
  return http;
}

/** Something to list: three agents that were never deployed. */
async function storeAgents(store: Store, userId: string): Promise<void> {
  const [owner] = await store.organizations.listOfUser(userId);
  if (!owner) throw new Error('The control plane made no organization');
  const now = systemClock.now().toISOString();
  for (const name of ['first', 'second', 'third']) {
    await store.agents.insert({
      id: systemIds.id(),
      organizationId: owner.id,
      name,
      region: owner.defaultRegion,
      minAgents: 0,
      maxAgents: 1,
      reuseMaxSessions: null,
      reuseMaxMemoryPercent: null,
      websocketAuth: 'none',
      desiredDeploymentId: null,
      liveDeploymentId: null,
      reconciledDeploymentId: null,
      createdAt: now,
      updatedAt: now,
      deletedAt: null,
    });
  }
}
