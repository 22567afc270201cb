import type { Logger } from 'pino';
import type { Engine } from '../../engine/engine.js';
import { EngineError, isStatus } from '../../engine/engine-error.js';
import { DriverError } from '../driver.js';
import { createKeyedQueue } from '../process/keyed-queue.js';
import { type Labels, labelNames, networkName, ofInstallation } from './labels.js';

export interface NetworksDeps {
  engine: Engine;
  installationId: string;
  idleMs: number;
  log: Logger;
}

interface ListedNetwork {
  Id: string;
  Name: string;
  Created: string;
  Labels: Labels;
}

/**
 * A network of its own for each organization: the engine keeps networks apart, and within one no instance reaches another. Made when its first
 * instance is, removed some time after its last.
 */
export function createNetworks({ engine, installationId, idleMs, log }: NetworksDeps) {
  const inTurn = createKeyedQueue();
  const users = new Map<string, number>();
  const idleSince = new Map<string, number>();

  async function make(organizationId: string): Promise<string> {
    const name = networkName(installationId, organizationId);
    try {
      await engine.request('POST', '/networks/create', {
        body: {
          Name: name,
          CheckDuplicate: true,
          Driver: 'bridge',
          Labels: {
            [labelNames.installation]: installationId,
            [labelNames.organizationId]: organizationId,
          },
          Options: { 'com.docker.network.bridge.enable_icc': 'false' },
        },
      });
    } catch (error) {
      if (!isStatus(error, 409)) throw asRefusal(error);
    }
    return name;
  }

  const list = () =>
    engine.request<ListedNetwork[]>('GET', '/networks', { query: { filters: ofInstallation(installationId) } });

  async function isUsed(organizationId: string): Promise<boolean> {
    const filters = {
      label: [...ofInstallation(installationId).label, `${labelNames.organizationId}=${organizationId}`],
    };
    return (await engine.request<unknown[]>('GET', '/containers/json', { query: { all: true, filters } })).length > 0;
  }

  async function removeIfUnused({ Id, Labels }: ListedNetwork, afterMs: number): Promise<void> {
    const organizationId = Labels[labelNames.organizationId] ?? '';
    await inTurn(organizationId, async () => {
      if (users.has(organizationId) || (await isUsed(organizationId))) return void idleSince.delete(organizationId);
      const since = idleSince.get(organizationId) ?? Date.now();
      idleSince.set(organizationId, since);
      if (Date.now() - since < afterMs) return;
      await engine.request('DELETE', `/networks/${Id}`).catch((error) => {
        if (!isStatus(error, 404)) throw error;
      });
      idleSince.delete(organizationId);
      log.debug({ organizationId }, 'network removed');
    });
  }

  async function sweep(afterMs = idleMs): Promise<void> {
    for (const network of await list()) await removeIfUnused(network, afterMs);
  }

  return {
    /** Runs `work` with the name of the organization's network, which stays meanwhile. */
    async use<T>(organizationId: string, work: (network: string) => Promise<T>): Promise<T> {
      users.set(organizationId, (users.get(organizationId) ?? 0) + 1);
      try {
        const name = await inTurn(organizationId, () => make(organizationId)).catch(async (error) => {
          if (!(error instanceof DriverError)) throw error;
          // The engine is out of addresses: those of idle networks are the first to give back.
          await sweep(0);
          return inTurn(organizationId, () => make(organizationId));
        });
        return await work(name);
      } finally {
        const left = (users.get(organizationId) ?? 1) - 1;
        if (left > 0) users.set(organizationId, left);
        else users.delete(organizationId);
      }
    },
    /** Removes the networks without instances, by default those that have been so for a while. */
    sweep,
  };
}

function asRefusal(error: unknown): unknown {
  if (!(error instanceof EngineError) || !/address pool|subnet/i.test(error.message)) return error;
  return new DriverError(
    'PCC_UNKNOWN_ERROR',
    `The container engine has no address range left for the network of another organization; widen default-address-pools in its configuration (about 30 networks fit by default). It says: ${error.message}`,
    { cause: error },
  );
}
