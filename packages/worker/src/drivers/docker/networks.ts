import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Engine } from '../../engine/engine.js';
import { EngineError, isStatus } from '../../engine/engine-error.js';
import { isPodman } from '../../engine/version.js';
import { DriverError } from '../driver.js';
import { createKeyedQueue } from '../process/keyed-queue.js';
import { type Labels, labelNames, networkName, ofInstallation } from './labels.js';

export type Networks = ReturnType<typeof createNetworks>;

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

/** Whose a network is: an organization's, or one instance's. */
interface NetworkOwner {
  organizationId: string;
  instanceId?: string;
}

const keyOf = ({ organizationId, instanceId }: NetworkOwner) =>
  instanceId === undefined ? organizationId : `${organizationId}-${instanceId}`;

function ownerOf({ Labels }: ListedNetwork): NetworkOwner {
  const instanceId = Labels[labelNames.instanceId];
  return { organizationId: Labels[labelNames.organizationId] ?? '', ...(instanceId && { instanceId }) };
}

const toLabels = ({ organizationId, instanceId }: NetworkOwner): Labels => ({
  [labelNames.organizationId]: organizationId,
  ...(instanceId && { [labelNames.instanceId]: instanceId }),
});

/**
 * A network of its own for each organization: the engine keeps networks apart, and within one no instance reaches another. Made when its first
 * instance is, removed some time after its last. Podman can't keep the containers of one network apart: there each instance has its own.
 */
export function createNetworks({ engine, installationId, idleMs, log }: NetworksDeps) {
  const inTurn = createKeyedQueue();
  const users = new Map<string, number>();
  const idleSince = new Map<string, number>();

  const onPodman = async () => isPodman(await engine.version());

  async function create(name: string, labels: Labels): Promise<void> {
    if (await onPodman()) {
      // Its Docker API leaves out what keeps its networks apart.
      const body = {
        name,
        driver: 'bridge',
        // By which a firewall knows them: the names of others of its networks begin with `podman`.
        network_interface: `pcc${createHash('sha256').update(name).digest('hex').slice(0, 11)}`,
        labels,
        options: { isolate: 'true' },
      };
      await engine.request('POST', '/libpod/networks/create', { body });
      return;
    }
    const Options = { 'com.docker.network.bridge.enable_icc': 'false' };
    await engine.request('POST', '/networks/create', {
      body: { Name: name, CheckDuplicate: true, Driver: 'bridge', Labels: labels, Options },
    });
  }

  async function make(owner: NetworkOwner): Promise<string> {
    const name = networkName(installationId, keyOf(owner));
    try {
      await create(name, { [labelNames.installation]: installationId, ...toLabels(owner) });
    } catch (error) {
      // Engines have several ways to say that they have it already.
      if (!(error instanceof EngineError) || !(await isThere(name))) throw asRefusal(error);
    }
    return name;
  }

  async function isThere(name: string): Promise<boolean> {
    try {
      await engine.request('GET', `/networks/${name}`);
      return true;
    } catch (error) {
      if (isStatus(error, 404)) return false;
      throw error;
    }
  }

  const list = () =>
    engine.request<ListedNetwork[]>('GET', '/networks', { query: { filters: ofInstallation(installationId) } });

  async function isUsed(owner: NetworkOwner): Promise<boolean> {
    const labels = Object.entries(toLabels(owner)).map(([name, value]) => `${name}=${value}`);
    const filters = { label: [...ofInstallation(installationId).label, ...labels] };
    return (await engine.request<unknown[]>('GET', '/containers/json', { query: { all: true, filters } })).length > 0;
  }

  async function removeIfUnused(network: ListedNetwork, afterMs: number): Promise<void> {
    const owner = ownerOf(network);
    const key = keyOf(owner);
    await inTurn(key, async () => {
      if (users.has(key) || (await isUsed(owner))) return void idleSince.delete(key);
      const since = idleSince.get(key) ?? performance.now();
      idleSince.set(key, since);
      // An instance is made once: nobody comes back to its network.
      if (owner.instanceId === undefined && performance.now() - since < afterMs) return;
      await engine.request('DELETE', `/networks/${network.Id}`).catch((error) => {
        if (!isStatus(error, 404)) throw error;
      });
      idleSince.delete(key);
      log.debug(owner, 'network removed');
    });
  }

  async function sweep(afterMs = idleMs): Promise<void> {
    for (const network of await list()) await removeIfUnused(network, afterMs);
  }

  return {
    /** Runs `work` with the name of the network for an instance of the organization, which stays meanwhile. */
    async use<T>(organizationId: string, instanceId: string, work: (network: string) => Promise<T>): Promise<T> {
      const owner: NetworkOwner = (await onPodman()) ? { organizationId, instanceId } : { organizationId };
      const key = keyOf(owner);
      users.set(key, (users.get(key) ?? 0) + 1);
      try {
        const name = await inTurn(key, () => make(owner)).catch(async (error) => {
          if (!(error instanceof DriverError)) throw error;
          // The engine is out of addresses: those of idle networks are the first to give back.
          await sweep(0);
          return inTurn(key, () => make(owner));
        });
        return await work(name);
      } finally {
        const left = (users.get(key) ?? 1) - 1;
        if (left > 0) users.set(key, left);
        else users.delete(key);
      }
    },
    /** The address of the engine's machine in a network, where it has one. */
    async gateway(network: string): Promise<string | undefined> {
      const { IPAM } = await engine.request<{ IPAM?: { Config?: { Gateway?: string }[] | null } }>(
        'GET',
        `/networks/${network}`,
      );
      return IPAM?.Config?.find(({ Gateway }) => Gateway)?.Gateway?.split('/')[0];
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
