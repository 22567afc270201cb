import { WhoAmI } from '@pipecat-cloud/contract/accounts';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { createHttp } from '@pipecat-cloud/server/http/server';
import { pino } from 'pino';

// The route of GET /v1/users in the same Fastify instance, with the same schema and an answer of the same length, and nobody asked
// who they are.
const http = createHttp(pino({ level: 'info' }));
const answer: WhoAmI = {
  user: { userId: '00000000-0000-4000-8000-000000000000', emails: [{ emailAddress: 'bench@example.com' }] },
};
http.get('/v1/users', { schema: { response: { 200: WhoAmI, '4xx': ErrorEnvelope } } }, async () => answer);
await http.listen({ port: 0, host: '127.0.0.1' });

process.once('SIGTERM', () => {
  void http.close().then(() => process.disconnect());
});
process.on('disconnect', () => process.exit());
process.send?.({ type: 'ready', port: (http.server.address() as { port: number }).port });
