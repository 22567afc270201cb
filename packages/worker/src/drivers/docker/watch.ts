import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Engine } from '../../engine/engine.js';
import { jsonLines } from '../../engine/streams.js';
import { type Labels, labelNames, ofInstallation } from './labels.js';

interface EngineEvent {
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes: Labels };
}

export interface WatchDeps {
  engine: Engine;
  installationId: string;
  log: Logger;
  /** A container of this installation has ended. */
  onDie: (instanceId: string) => void;
  /** The stream of events has begun, again or for the first time: what happened before is unknown. */
  onBegin: () => Promise<void>;
}

const retryMs = 300;

/** Follows the engine's events about containers of the installation, through restarts of the engine. Returns what ends it. */
export function watchEvents({ engine, installationId, log, onDie, onBegin }: WatchDeps): () => Promise<void> {
  const abort = new AbortController();
  const { signal } = abort;
  // Podman's own word is `died`.
  const filters = { type: ['container'], event: ['die', 'died'], ...ofInstallation(installationId) };

  async function follow(): Promise<void> {
    const body = await engine.stream('GET', '/events', { query: { filters }, signal });
    try {
      // Asked once events come in, so that no end falls between.
      await onBegin();
      for await (const { Actor } of jsonLines<EngineEvent>(body)) {
        const instanceId = Actor.Attributes[labelNames.instanceId];
        if (instanceId) onDie(instanceId);
      }
    } finally {
      body.destroy();
    }
  }

  async function run(): Promise<void> {
    let away = false;
    while (!signal.aborted) {
      try {
        await follow();
        away = false;
      } catch (err) {
        if (signal.aborted) return;
        if (!away) log.warn({ err }, 'the container engine does not tell what happens; asking again until it does');
        away = true;
      }
      await delay(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  const done = run();
  return async () => {
    abort.abort();
    await done;
  };
}
