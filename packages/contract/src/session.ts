import { ApiError, createClient } from './client.js';
import type { StartBody, StartedSession } from './sessions.js';

export interface SessionParams {
  /** Any JSON; the bot gets it as its `body`. Absent: nothing is sent. */
  data?: unknown;
  /** Creates a Daily room for the session; the answer then has `dailyRoom` and `dailyToken`. */
  useDaily?: boolean;
  /** Settings of the Daily room; only with `useDaily`. */
  dailyRoomProperties?: Record<string, unknown>;
  /** How the caller will talk to the bot, where it is no Daily room. */
  transport?: StartBody['transport'];
}

export interface SessionOptions {
  /** Default: `PIPECAT_API_HOST`, else `http://localhost:7400`. */
  apiHost?: string;
  /** To the answer, which a cold start holds up; default 180,000. */
  timeoutMs?: number;
  fetch?: typeof fetch;
}

/** What a started session is reached with. Which members are there depends on the transport. */
export type SessionStart = StartedSession;

/** The session was not started. `code` is the server's: `401`, `404`, `429`, `PCC-1001` … */
export class AgentStartError extends Error {
  readonly code: string;
  /** Undefined where no request was made. */
  readonly status: number | undefined;

  constructor(code: string, error: string, status?: number, cause?: unknown) {
    super(`${code} - ${error}`, { cause });
    this.name = 'AgentStartError';
    this.code = code;
    this.status = status;
  }
}

/**
 * Starts sessions of one agent from a server, with a public API key: the counterpart of `pipecatcloud.Session` of the Python SDK.
 *
 *     const { sessionId } = await new Session('my-agent', process.env.PIPECAT_PUBLIC_KEY, { data: { caller: 'Dana' } }).start();
 *
 * Throws `TypeError` without an agent's name.
 */
export class Session {
  readonly agentName: string;
  readonly params: SessionParams;
  // Private to the language: an object that is logged must not show the key.
  readonly #apiKey: string;
  readonly #options: SessionOptions;

  constructor(agentName: string, apiKey: string | undefined, params: SessionParams = {}, options: SessionOptions = {}) {
    if (!agentName) throw new TypeError('The name of the agent is missing');
    this.agentName = agentName;
    this.params = params;
    this.#apiKey = apiKey ?? '';
    this.#options = options;
  }

  /** Starts a session. Throws `AgentStartError` where the server refuses, and `NetworkError` where it can't be reached. */
  async start(): Promise<SessionStart> {
    if (!this.#apiKey) {
      throw new AgentStartError('PCC-1002', 'No API key provided: give the public key of the organization, pk_…');
    }
    const { apiHost, timeoutMs = 180_000, fetch } = this.#options;
    const client = createClient({
      host: apiHost || fromEnvironment() || 'http://localhost:7400',
      token: this.#apiKey,
      ...(fetch ? { fetch } : {}),
    });
    try {
      const path = `/v1/public/${encodeURIComponent(this.agentName)}/start`;
      return await client.request<SessionStart>('POST', path, { body: bodyOf(this.params), timeoutMs });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      throw new AgentStartError(error.body.code, error.body.error, error.status, error);
    }
  }
}

function bodyOf({ data, useDaily = false, dailyRoomProperties, transport }: SessionParams): StartBody {
  return {
    createDailyRoom: useDaily,
    ...(data === undefined || data === null ? {} : { body: data }),
    ...(useDaily && dailyRoomProperties ? { dailyRoomProperties } : {}),
    ...(transport ? { transport } : {}),
  };
}

/** Also where there is no `process`: in edge runtimes. */
function fromEnvironment(): string | undefined {
  return globalThis.process?.env?.PIPECAT_API_HOST;
}
