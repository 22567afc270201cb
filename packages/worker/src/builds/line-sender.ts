import type { WorkerLogLine } from '@pipecat-cloud/contract/worker';

/** Positions of one attempt begin above all of the attempt before. */
const attemptSpan = 10_000_000;
const batchLines = 200;
/** A character is up to six bytes of JSON: together with a longest line this is far below the frame limit. */
const batchCharacters = 256 * 1024;
const longestLine = 16 * 1024;
/** Lines that may wait for the control plane; a build that says more meanwhile is cut short. */
const waitingLines = 20_000;

export interface LineSenderDeps {
  attempt: number;
  batchMs: number;
  /** Resolves once they are acknowledged. */
  send: (lines: WorkerLogLine[]) => Promise<void>;
  /** Takes out what must not be told: credentials of the platform, and secrets of the build. */
  clean: (text: string) => string;
  /** Gets each line that something is taken out of, as it was. */
  spot: (text: string) => void;
}

/** Numbers the lines of a build and sends them in batches. */
export function createLineSender({ attempt, batchMs, send, clean, spot }: LineSenderDeps) {
  let position = attempt * attemptSpan;
  let pending: WorkerLogLine[] = [];
  let characters = 0;
  let waiting = 0;
  let leftOut = 0;
  let timer: NodeJS.Timeout | undefined;

  function push(text: string): void {
    pending.push({ position: ++position, time: new Date().toISOString(), text });
    characters += text.length;
    if (pending.length >= batchLines || characters >= batchCharacters) flush();
    else timer ??= setTimeout(flush, batchMs);
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (pending.length === 0) return;
    const lines = pending;
    pending = [];
    characters = 0;
    waiting += lines.length;
    void send(lines).then(() => {
      waiting -= lines.length;
    });
  }

  return {
    add(text: string): void {
      if (waiting >= waitingLines) {
        leftOut++;
        return;
      }
      if (leftOut > 0) push(`[${leftOut} lines left out: the control plane could not be reached]`);
      leftOut = 0;
      const line = text.replace(/\r?\n$/, '');
      const cleaned = clean(line);
      if (cleaned !== line) spot(line);
      push(cleaned.slice(0, longestLine));
    },
    /** Sends what is left; to be called before the result is reported. */
    flush,
  };
}
