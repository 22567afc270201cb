import type { Event } from '../checker/event.js';
import type { Recorder } from '../world/recorder.js';
import { now, pause } from '../world/wait.js';
import type { Caller } from './caller.js';

const promptPollMs = 150;
const idlePollMs = 3_000;
const againMs = 3_000;

interface Watched {
  caller: Pick<Caller, 'look'>;
  agent: string;
  session: string;
}

/**
 * Looks at sessions as their clients would: now and then while they last, often once their bot has finished until they are told as
 * ended, and once more later, in case they come back.
 */
export function createWatcher(recorder: Recorder, until: AbortSignal) {
  const closing = new AbortController();
  const signal = AbortSignal.any([until, closing.signal]);
  const open = new Map<string, Watched>();
  const ended = new Set<string>();
  /** Whose bots have finished, and which were not told as ended yet. */
  const untold = new Set<string>();
  const all: Watched[] = [];
  const under = new Set<Promise<void>>();

  recorder.listen((event: Event) => {
    if (event.type !== 'end') return;
    const watched = open.get(event.session);
    if (watched) begin(untilEnded(watched));
    else ended.add(event.session);
  });

  function begin(work: Promise<void>): void {
    const done = work.catch(() => undefined).finally(() => under.delete(done));
    under.add(done);
  }

  async function untilEnded(watched: Watched): Promise<void> {
    open.delete(watched.session);
    untold.add(watched.session);
    const deadline = now() + 90_000;
    while (!signal.aborted && now() < deadline) {
      if (await watched.caller.look(watched.agent, watched.session)) break;
      await pause(promptPollMs, signal);
    }
    untold.delete(watched.session);
    await pause(againMs, signal);
    if (!signal.aborted) await watched.caller.look(watched.agent, watched.session);
  }

  async function nowAndThen(): Promise<void> {
    while (!signal.aborted) {
      for (const watched of [...open.values()]) {
        if (signal.aborted) return;
        if (await watched.caller.look(watched.agent, watched.session)) begin(untilEnded(watched));
      }
      await pause(idlePollMs, signal);
    }
  }
  begin(nowAndThen());

  return {
    /** From now on this session is looked at. */
    watch(caller: Watched['caller'], agent: string, session: string): void {
      const watched = { caller, agent, session };
      all.push(watched);
      if (ended.has(session)) begin(untilEnded(watched));
      else open.set(session, watched);
    },
    /** How many have finished and are not told as ended. */
    untold: () => untold.size,
    /** Looks at every session that there ever was once more. */
    async lookAtAll(): Promise<void> {
      for (const { caller, agent, session } of all) await caller.look(agent, session);
    },
    /** Resolves once it looks no more: an agent's sessions go with it, so before agents are deleted. */
    async close(): Promise<void> {
      closing.abort();
      while (under.size > 0) await Promise.all(under);
    },
  };
}
export type Watcher = ReturnType<typeof createWatcher>;
