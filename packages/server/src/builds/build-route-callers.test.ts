import { once } from 'node:events';
import { connect } from 'node:net';
import Fastify from 'fastify';
import { expect, test, vi } from 'vitest';
import { buildRoutes } from './build-routes.js';

test('whoever asks for a build and goes away is no longer waited for', async () => {
  const app = Fastify();
  const signals: (AbortSignal | undefined)[] = [];
  const builds = {
    async create(_organization: unknown, _actor: unknown, _body: unknown, gone?: AbortSignal) {
      signals.push(gone);
      if (gone) await once(gone, 'abort');
      throw new Error('nobody is there to be answered');
    },
  };
  app.addHook('onRequest', async (request) => {
    request.organization = { id: 'o', name: 'acme' } as typeof request.organization & object;
  });
  await app.register(buildRoutes, { builds, uploads: {} } as unknown as Parameters<typeof buildRoutes>[1]);
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }));
  const caller = connect(Number(port), '127.0.0.1');
  const body = JSON.stringify({ uploadId: 'u' });
  caller.write(
    `POST /v1/organizations/acme/builds HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  await vi.waitFor(() => expect(signals).toHaveLength(1), { timeout: 60_000 });
  caller.destroy();
  await vi.waitFor(() => expect(signals[0]?.aborted).toBe(true), { timeout: 60_000 });
  await app.close();
});
