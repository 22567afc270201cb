import type { DriverInstance } from '../driver.js';
import { agentPort } from './container.js';
import type { Containers } from './containers.js';
import type { Endings } from './endings.js';
import type { ListedContainer } from './engine-types.js';
import { exitOf } from './exits.js';
import type { EngineHost } from './host.js';
import { instanceLabels, labelNames } from './labels.js';

interface PresenceDeps {
  containers: Containers;
  nameOf: (instanceId: string) => string;
  endings: Endings;
  engineHost: () => Promise<EngineHost>;
  /** Containers are reached at a port of this machine instead of their own address. */
  published: () => Promise<boolean>;
  /** Made for an order that was refused, and not removed yet. */
  isHidden: (instanceId: string) => boolean;
  /** Why we ended it ourselves, which its container does not tell. */
  reasonOf: (instanceId: string) => string | undefined;
}

/** The containers of the engine as the instances that they are. */
export function createPresence(deps: PresenceDeps) {
  const { containers, endings, nameOf } = deps;
  /** By container, so that the engine is asked once how it ended. */
  const ended = new Map<string, DriverInstance>();

  async function present(container: ListedContainer): Promise<DriverInstance> {
    const labels = instanceLabels(container.Labels);
    const { instanceId } = labels;
    const digest = container.Labels[labelNames.imageDigest];
    const known = { instanceId, labels, ...(digest && { imageDigest: digest }) };
    if (container.State === 'created') return { ...known, state: 'preparing' };
    if (container.State === 'running' || container.State === 'paused') {
      const address = await addressOf(container);
      return { ...known, state: 'running', ...(address && { address }) };
    }
    const before = ended.get(container.Id);
    if (before) return before;
    const found = await containers.inspect(container.Id);
    const { tellsWantOfMemory } = await deps.engineHost();
    const killedByKernel = !tellsWantOfMemory && !endings.wasForced(nameOf(instanceId));
    const exit = found && exitOf(found, { killedByKernel });
    const overfull = deps.reasonOf(instanceId);
    const instance: DriverInstance = {
      ...known,
      state: 'exited',
      ...(exit && { exit: overfull ? { ...exit, reason: overfull } : exit }),
    };
    if (found && !found.State.Running) ended.set(container.Id, instance);
    return instance;
  }

  async function addressOf({ NetworkSettings, Ports }: ListedContainer): Promise<string | undefined> {
    if (await deps.published()) {
      const port = Ports?.find(({ PrivatePort, PublicPort }) => PrivatePort === agentPort && PublicPort)?.PublicPort;
      return port === undefined ? undefined : `http://127.0.0.1:${port}`;
    }
    const ip = Object.values(NetworkSettings?.Networks ?? {}).find(({ IPAddress }) => IPAddress)?.IPAddress;
    return ip === undefined ? undefined : `http://${ip}:${agentPort}`;
  }

  async function list(): Promise<DriverInstance[]> {
    const listed = await containers.list();
    const ids = new Set(listed.map(({ Id }) => Id));
    for (const id of ended.keys()) if (!ids.has(id)) ended.delete(id);
    const ours = listed.filter(({ Labels, State }) => {
      const { instanceId } = instanceLabels(Labels);
      return instanceId !== '' && State !== 'removing' && !deps.isHidden(instanceId);
    });
    return Promise.all(ours.map(present));
  }

  return { list };
}
