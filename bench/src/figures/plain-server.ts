import { rolePermissions } from '@pipecat-cloud/contract/permissions';
import { accountRoutes } from '@pipecat-cloud/server/accounts/account-routes';
import { createAccountService } from '@pipecat-cloud/server/accounts/account-service';
import { agentRoutes } from '@pipecat-cloud/server/agents/agent-routes';
import { createAgentService } from '@pipecat-cloud/server/agents/agent-service';
import { openDatabase } from '@pipecat-cloud/server/db/open';
import { createStore } from '@pipecat-cloud/server/db/store';
import { createHttp } from '@pipecat-cloud/server/http/server';
import '@pipecat-cloud/server/http/request';
import { systemClock, systemIds } from '@pipecat-cloud/server/system';
import { pino } from 'pino';

// The very routes of accounts and agents, handler, schema and database included, in the same Fastify instance; but nobody is asked
// who they are: every request is the owner's, in the owner's organization.
const file = process.env.BENCH_DATABASE ?? '';
const store = createStore(await openDatabase({ dialect: 'sqlite', file }));
const userId = (await store.settings.find('owner-id')) ?? '';
const [organization] = await store.organizations.listOfUser(userId);
const permissions = rolePermissions.owner;
const audit = { record: async () => {} };
const http = createHttp(pino({ level: 'info' }));
http.addHook('onRequest', async (request) => {
  request.principal = { kind: 'user', userId, via: 'session', sessionId: '', secondFactor: false };
  if (organization) request.organization = { ...organization, permissions };
});
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
    region: 'bench',
    nudge: () => {},
    removeLogs: async () => {},
  }),
});
await http.listen({ port: 0, host: '127.0.0.1' });

process.once('SIGTERM', () => {
  void http
    .close()
    .then(() => store.close())
    .then(() => process.disconnect());
});
process.on('disconnect', () => process.exit());
process.send?.({ type: 'ready', port: (http.server.address() as { port: number }).port });
