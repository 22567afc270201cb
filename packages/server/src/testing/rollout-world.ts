import type { Service } from '@pipecat-cloud/contract/agents';
import type { DeploymentRecord } from '@pipecat-cloud/contract/deployments';
import type { InstanceSpec } from '@pipecat-cloud/contract/worker';
import { expect, vi } from 'vitest';
import type { Environment } from '../config/env.js';
import { systemClock } from '../system.js';
import type { scratchDatabases } from './databases.js';
import { createFakeWorker } from './fake-worker.js';
import { harness } from './harness.js';

export const services = '/v1/organizations/ours/services';
export const until = <T>(look: () => T | Promise<T>) => vi.waitFor(look, { interval: 20 });

/** A control plane with a worker that a test steers, and an agent 'bot' to deploy again and again. */
export async function openRolloutWorld({ create }: (typeof scratchDatabases)[number], environment: Environment = {}) {
  const scratch = await create();
  const database = scratch.url ? { databaseUrl: scratch.url } : {};
  const server = await harness({ clock: systemClock, environment, ...database });
  const url = await server.http.listen({ port: 0, host: '127.0.0.1' });
  await server.enrolment.offer(server.config.workerEnrolmentFile);
  const worker = await createFakeWorker({ url, enrolmentFile: server.config.workerEnrolmentFile });
  const org = await server.organization('ours');
  const admin = await org.member('admin');
  const call = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) =>
    server.call(admin.token, method, services + path, body);

  const status = async (): Promise<Service> => (await call('GET', '/bot')).body.body;
  const ready = () => until(async () => expect((await status()).ready).toBe(true));
  const specOf = (instanceId: string): InstanceSpec | undefined =>
    worker.commands.flatMap((command) =>
      command.do === 'ensure' && command.spec.instanceId === instanceId ? [command.spec] : [],
    )[0];
  const imageOf = (instanceId: string): string => {
    const source = specOf(instanceId)?.source;
    return source?.type === 'image' ? source.image : '?';
  };

  return {
    ...{ server, worker, org, admin, call, status, ready, specOf, imageOf },
    /** The first deploy creates, the others update; `image` is all that must be said. */
    async deploy(image: string | undefined, more: object = {}): Promise<Service> {
      const exists = (await call('GET', '/bot')).status === 200;
      const answer = await call(exists ? 'PUT' : 'POST', '', {
        serviceName: 'bot',
        ...(image ? { image } : {}),
        ...more,
      });
      expect([answer.status, answer.body]).toEqual([200, expect.anything()]);
      return answer.body;
    },
    start: () => call('POST', '/bot/sessions', {}),
    /** The image that the instance of each activation ran, in their order. */
    served: () => worker.activations().map(({ instanceId }) => imageOf(instanceId)),
    /** Images of the instances that there are, idle and busy ones. */
    images: () => [...worker.instances.keys()].map(imageOf).sort(),
    slots: async () => await server.store.slots.listOfAgent(org.id, (await status()).id),
    history: async (): Promise<DeploymentRecord[]> => (await call('GET', '/bot/deployments')).body.deployments,
    async close(): Promise<void> {
      worker.disconnect();
      await server.end();
      await scratch.drop();
    },
  };
}
export type RolloutWorld = Awaited<ReturnType<typeof openRolloutWorld>>;
