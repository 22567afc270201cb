import { expect, vi } from 'vitest';
import { systemClock } from '../system.js';
import type { scratchDatabases } from './databases.js';
import { createFakeWorker } from './fake-worker.js';
import { harness } from './harness.js';

/** Waits for a condition. */
export const until = <T>(look: () => T | Promise<T>) => vi.waitFor(look, { interval: 20 });
const services = '/v1/organizations/ours/services';

/** A control plane with a worker that runs nothing, and an admin who deploys an agent called `bot`. */
export async function openPoolWorld(database: (typeof scratchDatabases)[number]) {
  const scratch = await database.create();
  const server = await harness({ clock: systemClock, ...(scratch.url ? { databaseUrl: scratch.url } : {}) });
  const url = await server.http.listen({ port: 0, host: '127.0.0.1' });
  await server.enrolment.offer(server.config.workerEnrolmentFile);
  const worker = await createFakeWorker({ url, enrolmentFile: server.config.workerEnrolmentFile });
  const org = await server.organization('ours');
  const admin = await org.member('admin');

  const call = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) =>
    server.call(admin.token, method, services + path, body);
  const status = async () => (await call('GET', '/bot')).body.body;

  return {
    server,
    url,
    worker,
    org,
    admin,
    call,
    slots: async () => await server.store.slots.listOfAgent(org.id, (await status()).id),
    start: (body: object = {}) => call('POST', '/bot/sessions', body),
    /** The same over the network, so that headers and a caller who goes are real. */
    startAs: (body: object, headers: Record<string, string> = {}, signal?: AbortSignal) =>
      fetch(`${url}${services}/bot/sessions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${admin.token}`, 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
        ...(signal ? { signal } : {}),
      }),
    /** Deploys, and waits until that is live. */
    async deploy(
      autoScaling: { minAgents?: number; maxAgents?: number },
      more: object = {},
      method: 'POST' | 'PUT' = 'POST',
    ) {
      const answer = await call(method, '', { serviceName: 'bot', image: 'example/bot:1', autoScaling, ...more });
      expect(answer.status).toBe(200);
      await until(async () => expect((await status()).ready).toBe(true));
    },
    session: async (id: string) => (await call('GET', `/bot/sessions/${id}`)).body,
    capacity: async () => (await call('GET', '/bot/capacity')).body,
    async close() {
      worker.disconnect();
      await server.end();
      await scratch.drop();
    },
  };
}
export type PoolWorld = Awaited<ReturnType<typeof openPoolWorld>>;
