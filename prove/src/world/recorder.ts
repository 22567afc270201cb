import { appendFileSync, closeSync, mkdirSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentEvent, ClientEvent, Event, ProverEvent } from '../checker/event.js';
import { now } from './wait.js';

export type Recorder = ReturnType<typeof createRecorder>;

const pollMs = 100;
/** Not served for so long on top of what was asked for, the prover is itself behind. */
const noticeableLagMs = 150;

/** Collects what clients, agents and the prover saw, in memory and in `events.jsonl` of the evidence folder. */
export function createRecorder(folder: string) {
  const agentFolder = join(folder, 'agents');
  const file = join(folder, 'events.jsonl');
  const events: Event[] = [];
  const listeners = new Set<(event: Event) => void>();
  const files = new Map<string, { offset: number; rest: string }>();
  mkdirSync(agentFolder, { recursive: true });
  let due = now() + pollMs;
  const polling = setInterval(() => {
    const lag = now() - due;
    if (lag > noticeableLagMs) add({ at: now(), type: 'lag', ms: lag });
    read();
    due = now() + pollMs;
  }, pollMs);

  function add(event: Event): void {
    events.push(event);
    appendFileSync(file, `${JSON.stringify(event)}\n`);
    for (const listener of listeners) listener(event);
  }

  /** Each agent process has a file of its own; what was written whole is read. */
  function read(): void {
    for (const name of readdirSync(agentFolder)) {
      const path = join(agentFolder, name);
      const known = files.get(name) ?? { offset: 0, rest: '' };
      const { size } = statSync(path);
      if (size === known.offset) continue;
      const bytes = Buffer.alloc(size - known.offset);
      const descriptor = openSync(path, 'r');
      const count = readSync(descriptor, bytes, 0, bytes.length, known.offset);
      closeSync(descriptor);
      const lines = (known.rest + bytes.toString('utf8', 0, count)).split('\n');
      files.set(name, { offset: known.offset + count, rest: lines.pop() ?? '' });
      for (const line of lines) add(JSON.parse(line) as Event);
    }
  }

  add({ at: now(), type: 'wall', unix: Date.now() });
  return {
    folder,
    agentFolder,
    events: (): readonly Event[] => events,
    record(event: AgentEvent | ClientEvent | ProverEvent): void {
      add({ at: now(), ...event } as Event);
    },
    /** Takes what was seen at another moment than now, or told by an agent in another way than by its file. */
    take: (event: Event): void => add(event),
    /** Reads now what the agents have written so far. */
    read,
    listen(listener: (event: Event) => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => clearInterval(polling),
  };
}
