import { accountRoutes } from '@pipecat-cloud/server/accounts/account-routes';
import { createAccountService } from '@pipecat-cloud/server/accounts/account-service';
import { openDatabase } from '@pipecat-cloud/server/db/open';
import { createStore } from '@pipecat-cloud/server/db/store';
import { createHttp } from '@pipecat-cloud/server/http/server';
import '@pipecat-cloud/server/http/request';
import { pino } from 'pino';

// The very route of GET /v1/users, handler, schema and database included, in the same Fastify instance; but nobody is asked who they
// are: every request is the owner's.
const file = process.env.BENCH_DATABASE ?? '';
const store = createStore(await openDatabase({ dialect: 'sqlite', file }));
const userId = (await store.settings.find('owner-id')) ?? '';
const http = createHttp(pino({ level: 'info' }));
http.addHook('onRequest', async (request) => {
  request.principal = { kind: 'user', userId, via: 'session', sessionId: '', secondFactor: false };
});
await http.register(accountRoutes, {
  accounts: createAccountService({ store, audit: { record: async () => {} }, authorizer: { reach: async () => [] } }),
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
