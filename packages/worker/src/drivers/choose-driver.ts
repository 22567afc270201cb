import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createEngine } from '../engine/engine.js';
import { usualAddresses } from '../engine/engine-address.js';
import { containerOutputFolder } from './docker/options.js';
import type { DriverKind } from './driver-kinds.js';

export interface DriverWish {
  /** Undefined leaves it to what is there. */
  kind: DriverKind | undefined;
  /** Address of the engine; undefined for the usual ones. */
  engine: string | undefined;
  environment: Record<string, string | undefined>;
  /** The worker's folder: whether it has had containers is seen there. */
  directory: string;
}

export interface ChosenDriver {
  kind: DriverKind;
  /** Of the engine, with `docker`. */
  engine?: string;
  /** Contexts that say how they run without an image do so, beside the containers. */
  localAgents: boolean;
  /** For people: which and why. */
  why: string;
}

/** An engine that is there answers at once, or is not one to rely on. */
const answerMs = 5_000;

/**
 * The driver to use: the one that is asked for, else Docker where an engine answers, else `process`. Throws, with the way out, where
 * the one that is asked for can't work, and where containers of before may run in an engine that does not answer now: without it
 * they would be taken for gone, and their sessions for ended.
 */
export async function chooseDriver({ kind, engine, environment, directory }: DriverWish): Promise<ChosenDriver> {
  if (kind === 'process')
    return { kind, localAgents: true, why: 'agents run as processes of this machine, as configured' };
  const addresses = engine ? [engine] : usualAddresses(environment);
  const problems: string[] = [];
  for (const url of addresses) {
    try {
      const version = await ask(url);
      const what = `the engine ${version} at ${url}`;
      if (kind === 'docker') return { kind, engine: url, localAgents: false, why: `${what}, as configured` };
      const why = `${what} answers; agents with [local] in pcc-deploy.toml run as processes`;
      return { kind: 'docker', engine: url, localAgents: true, why };
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  const reason = problems.join('; ') || 'no container engine is on this machine';
  if (await hasContainers(directory)) {
    const way = 'Start the engine, or set PIPECAT_CLOUD_WORKER_DRIVER to process to give them up';
    throw new Error(
      `Agents of this worker may be running in containers, and their engine does not answer: ${reason}. ${way}`,
    );
  }
  if (kind === 'docker' || engine) {
    const way = 'Start the engine, or set PIPECAT_CLOUD_WORKER_DRIVER to process';
    throw new Error(`The docker driver can't work here: ${reason}. ${way}`);
  }
  return { kind: 'process', localAgents: true, why: `${reason}; agents run as processes` };
}

/** The Docker driver keeps the output of each of its instances until that is removed. */
async function hasContainers(directory: string): Promise<boolean> {
  const kept = await readdir(join(directory, containerOutputFolder)).catch(() => []);
  return kept.length > 0;
}

async function ask(url: string): Promise<string> {
  const engine = createEngine({ url, deadlineMs: answerMs });
  try {
    return (await engine.version()).Version;
  } finally {
    await engine.close();
  }
}
