/** What `JSON.parse` can give. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** Levels by weight, as `PIPECAT_LOG_LEVEL` names them. */
export type LogLevel = 'TRACE' | 'DEBUG' | 'INFO' | 'SUCCESS' | 'WARNING' | 'ERROR' | 'CRITICAL';

/** Writes log lines that carry the session's id. Further lines of one message have no prefix. */
export interface SessionLog {
  debug(message: string): void;
  info(message: string): void;
  warning(message: string): void;
  error(message: string): void;
}

/**
 * The socket of a socket session. Frames are read by iterating: text frames come as strings, binary frames as
 * buffers, and the loop ends when the socket closes. Frames wait for the reader; a slow one slows the sender down.
 */
export interface AgentSocket extends AsyncIterable<string | Buffer> {
  readonly open: boolean;
  /** Resolves when the frame has been handed to the network; false means that the socket is closed. */
  send(frame: string | Uint8Array): Promise<boolean>;
  /** Default code 1000. Closing twice is harmless. */
  close(code?: number, reason?: string): void;
}

/** One conversation. An agent has one at a time. */
export interface Session {
  /** The platform's session id, or `NONE` when the request named none. */
  readonly id: string;
  /** The start request's body: an object for a plain session, any JSON value for a socket session, `{}` without one. */
  readonly body: JsonValue;
  /** `daily` with a room, `websocket` on a socket, else what the platform said, else `none`. */
  readonly transport: string;
  /** The bot's own room and token. Only with the `daily` transport. */
  readonly room: { readonly url: string; readonly token: string } | undefined;
  /** Only in a socket session. */
  readonly socket: AgentSocket | undefined;
  /** Aborted when the bot should return: session limit reached, shutdown deadline passed, or the socket closed. */
  readonly signal: AbortSignal;
  readonly log: SessionLog;
}

/** The team's own function. The session ends when it returns; what it throws is logged. */
export type Bot = (session: Session) => Promise<void> | void;

/** What a custom route gets beside the request. */
export interface RouteContext {
  /** From the platform, which has checked that this instance holds that session. `NONE` when the caller named none. */
  readonly sessionId: string;
  /** The running session, if there is one. */
  readonly session: Session | undefined;
}

/** Answers with a `Response`, or with a JSON value that is sent with status 200. Throwing answers 500. */
export type RouteHandler = (
  request: Request,
  context: RouteContext,
) => Promise<Response | JsonValue> | Response | JsonValue;

/** `false`, or an object whose `ready` is not true, keeps new sessions away. */
export type Readiness = boolean | ({ ready: boolean } & { [key: string]: JsonValue });

export interface ServeOptions {
  bot: Bot;
  /** By method and exact path: `{ 'GET /status': handler }`. The contract's own routes can't be replaced. */
  routes?: Record<string, RouteHandler>;
  /** Asked on every `GET /readyz`. Without it the agent is ready as soon as it listens. */
  ready?: () => Readiness | Promise<Readiness>;
  /** Called once the agent accepts sessions. */
  onReady?: (address: { host: string; port: number }) => void;
}
