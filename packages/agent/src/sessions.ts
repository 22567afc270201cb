import { type Log, NO_SESSION } from './log.js';
import type { AgentSocket, Bot, JsonValue, Session } from './types.js';

/** What a request says about the session that it starts. */
export interface SessionRequest {
  readonly id: string | undefined;
  readonly body: JsonValue;
  readonly transport: string;
  readonly room?: Session['room'];
  readonly socket?: AgentSocket;
  /** As the header had it (contract §9.8). */
  readonly maxSeconds: string | undefined;
}

export interface RunningSession {
  readonly session: Session;
  /** Aborts `session.signal`. The bot decides when to return. */
  stop(reason: string): void;
  /** Resolves, and never rejects, when the bot has returned; false when it threw. */
  readonly done: Promise<boolean>;
}

export interface SessionsDeps {
  readonly bot: Bot;
  readonly log: Log;
  readonly imageVersion: string;
}

export type Sessions = ReturnType<typeof createSessions>;

const MAX_TIMER_SECONDS = 2_147_483;

/** Holds the one session that an agent may have, with its marker lines and its time limit. */
export function createSessions({ bot, log, imageVersion }: SessionsDeps) {
  let current: RunningSession | undefined;

  async function run(session: Session, own: Log, id: string | undefined): Promise<boolean> {
    const metadata = JSON.stringify({ session_id: id ?? null, image_version: imageVersion });
    own.always(`Starting bot session with metadata: ${metadata}`);
    try {
      await bot(session);
      return true;
    } catch (error) {
      if (session.signal.aborted) own.debug(`The bot stopped: ${describe(error)}`);
      else own.error(`The bot threw: ${describe(error)}`);
      return false;
    } finally {
      own.always(`Stopping bot session with metadata: ${metadata}`);
    }
  }

  return {
    get current(): RunningSession | undefined {
      return current;
    },

    /** Starts the bot, or answers undefined when a session is running already: the instance is the last judge. */
    start(request: SessionRequest): RunningSession | undefined {
      if (current) return undefined;
      const controller = new AbortController();
      const own = log.forSession(request.id ?? NO_SESSION);
      const session: Session = {
        id: request.id ?? NO_SESSION,
        body: request.body,
        transport: request.transport,
        room: request.room,
        socket: request.socket,
        signal: controller.signal,
        log: own,
      };
      const stop = (reason: string) => controller.abort(new Error(reason));
      const limit = limitFrom(request.maxSeconds, own);
      const timer =
        limit === undefined ? undefined : setTimeout(() => stop(`Session limit of ${limit} s reached`), limit * 1000);
      const done = run(session, own, request.id).finally(() => {
        clearTimeout(timer);
        current = undefined;
      });
      current = { session, stop, done };
      return current;
    },
  };
}

/** Contract §9.8: a limit that is no number above 0 is ignored with a warning. */
function limitFrom(header: string | undefined, log: Log): number | undefined {
  if (header === undefined) return undefined;
  const seconds = Number(header.trim() || Number.NaN);
  if (Number.isFinite(seconds) && seconds > 0) return Math.min(seconds, MAX_TIMER_SECONDS);
  log.warning(`X-PCC-Max-Session-Seconds is '${header}', which is no number above 0: no limit is set.`);
  return undefined;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
