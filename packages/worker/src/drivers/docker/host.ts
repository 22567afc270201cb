import type { Engine } from '../../engine/engine.js';
import { isPodman } from '../../engine/version.js';
import type { EngineInfo } from './engine-types.js';

export interface EngineHost {
  /** How instances are reached. */
  reach: 'network' | 'published';
  /** Whether it has an init program for containers; undefined where only a container that asks for it can tell. */
  init: boolean | undefined;
  /** Whether this machine has its address in a network only while a container is in it. */
  bridgesComeLater: boolean;
  /** Whether it keeps containers of different networks apart, reliably and without a rule of somebody else's. */
  keepsNetworksApart: boolean;
  /** Whether it always knows of a container that the kernel ended it for want of memory. */
  tellsWantOfMemory: boolean;
  /** Folder of this machine with its images; undefined where it is in another one, such as a virtual machine. */
  folder: string | undefined;
  /** How many processors it has: more is given to nobody. */
  cpus: number;
}

/** What the driver needs to know of the engine. Throws, with the way out, where it can't run agents. */
export async function lookAtEngine(engine: Engine, platform: string): Promise<EngineHost> {
  const version = await engine.version();
  if (version.Os !== 'linux') {
    throw new Error(
      `The container engine at ${engine.url} runs ${version.Os} containers; agents need Linux containers. Switch it over, or set PIPECAT_CLOUD_WORKER_DRIVER to process`,
    );
  }
  const info = await engine.request<EngineInfo>('GET', '/info');
  const init = version.Components?.find(({ Name }) => Name === 'docker-init')?.Version;
  const here = isHere(engine, info, platform);
  return {
    reach: here && !isRootless(info) ? 'network' : 'published',
    folder: here ? info.DockerRootDir : undefined,
    cpus: info.NCPU,
    keepsNetworksApart: !isPodman(version),
    tellsWantOfMemory: !isPodman(version),
    bridgesComeLater: isPodman(version),
    init: isPodman(version) ? undefined : init !== undefined && init !== '' && init !== 'N/A',
  };
}

/** Networks and files of an engine in a virtual machine can't be reached from outside. */
function isHere(engine: Engine, info: EngineInfo, platform: string): boolean {
  return platform === 'linux' && engine.url.startsWith('unix:') && info.OperatingSystem !== 'Docker Desktop';
}

/** Its networks are in a network namespace of its own. */
function isRootless(info: EngineInfo): boolean {
  return (info.SecurityOptions ?? []).some((option) => option.includes('name=rootless'));
}
