import { setTimeout as delay } from 'node:timers/promises';
import type { Engine } from '../../engine/engine.js';
import { isStatus } from '../../engine/engine-error.js';
import type { ContainerStats, InspectedContainer, ListedContainer } from './engine-types.js';
import { ofInstallation } from './labels.js';

export type Containers = ReturnType<typeof createContainers>;

/** Answers to DELETE may take long where a container's layers are large. */
const removeDeadlineMs = 60_000;
const removeTries = 20;

/** The engine's containers of one installation. "Already so" is success, everything else throws. */
export function createContainers(engine: Engine, installationId: string) {
  const filters = ofInstallation(installationId);
  const call = <T>(method: string, name: string, path: string, query = {}, more: { deadlineMs?: number } = {}) =>
    engine.request<T>(method, `/containers/${name}${path}`, { query, ...more });

  return {
    list: (query: { size?: boolean } = {}): Promise<ListedContainer[]> =>
      engine.request('GET', '/containers/json', { query: { all: true, filters, ...query } }),

    async inspect(name: string, more: { deadlineMs?: number } = {}): Promise<InspectedContainer | undefined> {
      try {
        return await call<InspectedContainer>('GET', name, '/json', {}, more);
      } catch (error) {
        if (isStatus(error, 404)) return undefined;
        throw error;
      }
    },

    /** Id of the new container, or of the one that has the name. */
    async create(name: string, container: object): Promise<string> {
      try {
        const made = await engine.request<{ Id: string }>('POST', '/containers/create', {
          query: { name },
          body: container,
        });
        return made.Id;
      } catch (error) {
        const there = isStatus(error, 409) ? await this.inspect(name) : undefined;
        if (!there) throw error;
        return there.Id;
      }
    },

    start: (name: string): Promise<unknown> => call('POST', name, '/start'), // 304, already started, is no error.

    /** Nothing to do where it has ended or is gone. */
    async signal(name: string, signal: string): Promise<void> {
      try {
        await call('POST', name, '/kill', { signal });
      } catch (error) {
        if (!isStatus(error, 404, 409)) throw error;
      }
    },

    /** Ends it by force and takes it away with its disk and its volumes without a name. Resolves once it is gone. */
    async remove(name: string): Promise<void> {
      for (let failed = 0; ; ) {
        try {
          await engine.request('DELETE', `/containers/${name}`, {
            query: { force: true, v: true },
            deadlineMs: removeDeadlineMs,
          });
        } catch (error) {
          // 409: somebody else is about it; Podman's 500 says so, too, of one that ends at this moment.
          if (!isStatus(error, 404, 409) && (!isStatus(error, 500) || ++failed > removeTries)) throw error;
        }
        if (!(await this.inspect(name))) return;
        await delay(100);
      }
    },

    async stats(name: string): Promise<ContainerStats | undefined> {
      try {
        return await call<ContainerStats>('GET', name, '/stats', { stream: false, 'one-shot': true });
      } catch (error) {
        if (isStatus(error, 404, 409)) return undefined;
        throw error;
      }
    },
  };
}
