import type { Event } from '../checker/event.js';
import type { Recorder } from './recorder.js';
import { now } from './wait.js';

export interface SeenInstance {
  instance: string;
  pid: number;
  organization: string;
  agent: string;
  version: string;
  session: string | null;
  heardAt: number;
}
export type SeenInstances = ReturnType<typeof watchInstances>;

/** An agent beats four times a second. */
const silentMs = 1_500;

/** What the agents say of themselves: who is there, with which session. */
export function watchInstances(recorder: Recorder) {
  const instances = new Map<string, SeenInstance>();
  recorder.listen((event: Event) => {
    if (event.type === 'boot') {
      const { instance, pid, codeOf, agent, version, at } = event;
      instances.set(instance, { instance, pid, organization: codeOf, agent, version, session: null, heardAt: at });
    }
    if (event.type !== 'beat' && event.type !== 'begin' && event.type !== 'end') return;
    const known = instances.get(event.instance);
    if (!known) return;
    known.heardAt = event.at;
    known.session = event.type === 'end' ? null : event.session;
  });

  return {
    /** Every process that an agent ever ran in. */
    pids: () => [...instances.values()].map(({ pid }) => pid),
    /** Those that were heard of a moment ago. */
    living: () => [...instances.values()].filter(({ heardAt }) => now() - heardAt < silentMs),
    idle(organization: string, agent: string): number {
      return this.living().filter(
        (each) => each.organization === organization && each.agent === agent && each.session === null,
      ).length;
    },
  };
}
