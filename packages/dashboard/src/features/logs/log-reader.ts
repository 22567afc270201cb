import { ApiError, type Client } from '@pipecat-cloud/contract/client';
import { createLogLines, endsOf, type Line, type LinesHeld } from './log-lines';
import type { LogFilter } from './log-search';

export type LogApi = Pick<Client, 'readLogs' | 'followLogs'>;

export interface LogOrder {
  org: string;
  agent: string;
  filter: LogFilter;
  /** Begin with the lines around this one, and do not follow. */
  around?: string | undefined;
  /** Go on with what is written from now on. */
  follow: boolean;
  /** So many lines to begin with. */
  atFirst?: number;
}
export interface LogView extends LinesHeld {
  /**
   * `loading` the first lines · `following` · `reconnecting` after the connection broke, or before it is made · `held` until the reader is
   * at the end again · `ended` with the session that was followed · `still`: not followed · `failed` for good.
   */
  state: 'loading' | 'following' | 'reconnecting' | 'held' | 'ended' | 'still' | 'failed';
  /** Why it reconnects or has failed, or why older or newer lines did not come. */
  error?: Error | undefined;
  hasOlder: boolean;
  hasNewer: boolean;
  /** Older or newer lines are on their way. */
  busy?: boolean;
}

const firstPage = 1000;
const surroundings = 500;
const morePage = 2000;
const shortestPauseMs = 500;
const longestPauseMs = 15_000;

/** What the reader needs of a browser. */
export interface Frames {
  request: (callback: () => void) => number;
  cancel: (frame: number) => void;
}
const browserFrames: Frames = {
  request: (callback) => requestAnimationFrame(callback),
  cancel: (frame) => cancelAnimationFrame(frame),
};

/**
 * Reads the log of an agent: first the newest lines, or those around one, then what comes. Lines are shown once a frame, however many
 * come; a broken connection is taken up after the last of them. `start` and `stop` may be called again and again: nothing is lost between.
 */
export function createLogReader(api: LogApi, order: LogOrder, frames = browserFrames, lines = createLogLines()) {
  const { org, agent, filter, around, atFirst = firstPage } = order;
  const listeners = new Set<() => void>();
  let view: LogView = { ...lines.held(), state: 'loading', hasOlder: false, hasNewer: false };
  let waiting: Line[] = [];
  let frame: number | undefined;
  /** Go on after this one; undefined while nothing was read. */
  let after: string | undefined;
  let running: AbortController | undefined;
  let isHeld = false;
  let release: (() => void) | undefined;

  function change(part: Partial<LogView>): void {
    view = { ...view, ...lines.held(), ...part };
    for (const listener of listeners) listener();
  }

  function flush(): void {
    frame = undefined;
    const more = waiting;
    waiting = [];
    lines.append(more);
    change(view.dropped === lines.held().dropped ? {} : { hasOlder: true });
  }

  function take(line: Line): void {
    waiting.push(line);
    frame ??= frames.request(flush);
  }

  async function begin(signal: AbortSignal): Promise<void> {
    const page = around
      ? await api.readLogs(org, agent, { ...filter, around, limit: surroundings })
      : await api.readLogs(org, agent, { ...filter, limit: atFirst });
    if (signal.aborted) return;
    lines.append(page.logs);
    after = endsOf(page.logs).newest;
    const isCut = page.total.relation === 'gte' || page.total.value > page.logs.length;
    change({ state: 'still', hasOlder: around !== undefined || isCut, hasNewer: around !== undefined });
  }

  async function follow(signal: AbortSignal): Promise<void> {
    const start = after === undefined ? { tail: atFirst } : { after };
    for await (const event of api.followLogs(org, agent, { ...filter, ...start }, { signal })) {
      if (signal.aborted) return;
      if (view.state !== 'following') change({ state: 'following', error: undefined });
      if (event.type === 'end') return change({ state: 'ended' });
      if (event.type === 'alive') after = event.cursor ?? after;
      if (event.type === 'gap') take(gapLine());
      if (event.type === 'line') take(event.entry);
      if (event.type === 'line') after = event.entry.cursor ?? after;
      if (isHeld && lines.isFull(waiting.length)) return change({ state: 'held' });
    }
  }

  async function run(signal: AbortSignal): Promise<void> {
    let pauseMs = shortestPauseMs;
    while (!signal.aborted && view.state !== 'ended' && view.state !== 'failed') {
      try {
        if (view.state === 'loading') await begin(signal);
        if (signal.aborted || !order.follow || around) return;
        if (view.state === 'held') await released(signal);
        else change({ state: 'reconnecting' });
        await follow(signal);
        pauseMs = shortestPauseMs;
      } catch (error) {
        if (signal.aborted) return;
        const isFirst = view.state === 'loading';
        if (isFirst || isFinal(error)) return change({ state: 'failed', error: error as Error });
        change({ state: 'reconnecting', error: error as Error });
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      }
      await pause(pauseMs, signal);
    }
  }

  /** Resolves once the end of the lines is looked at again. */
  async function released(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      release = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** Lines beside those that are held. */
  async function more(side: 'older' | 'newer'): Promise<void> {
    const ends = endsOf(view.lines);
    const cursor = side === 'older' ? ends.oldest : ends.newest;
    if (view.busy || cursor === undefined) return;
    change({ busy: true, error: undefined });
    try {
      const place = side === 'older' ? { before: cursor } : { after: cursor };
      const { logs } = await api.readLogs(org, agent, { ...filter, ...place, limit: morePage });
      const isEnd = logs.length < morePage;
      if (side === 'newer') {
        lines.append(logs);
        change({ busy: false, hasNewer: !isEnd, hasOlder: view.hasOlder || lines.held().dropped > view.dropped });
      } else {
        lines.prepend(logs);
        change({ busy: false, hasOlder: !isEnd });
      }
    } catch (error) {
      change({ busy: false, error: error as Error });
    }
  }

  return {
    view: () => view,
    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    start(): void {
      if (running) return;
      running = new AbortController();
      void run(running.signal);
    },
    stop(): void {
      running?.abort();
      running = undefined;
      if (frame !== undefined) frames.cancel(frame);
      // What has come is not asked for again.
      if (waiting.length > 0) flush();
    },
    /** After it has failed. */
    retry(): void {
      this.stop();
      change({ state: view.lines.length > 0 ? 'reconnecting' : 'loading', error: undefined });
      this.start();
    },

    /** Somebody reads further up: nothing is dropped to make room for new lines meanwhile, they wait where they are. */
    hold(held: boolean): void {
      isHeld = held;
      if (!held) release?.();
    },
    older: () => more('older'),
    newer: () => more('newer'),
  };
}
export type LogReader = ReturnType<typeof createLogReader>;

/** A refusal that asking again does not mend. */
function isFinal(error: unknown): boolean {
  return error instanceof ApiError && error.fromApi && error.status < 500 && error.status !== 429;
}

const gapLine = (): Line => ({
  gap: true,
  log: 'Lines are missing here: they were no longer kept when they could have been read',
  timestamp: new Date().toISOString(),
});

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
