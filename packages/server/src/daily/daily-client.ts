import { AppError, badRequest } from '../errors.js';

export type JsonObject = Record<string, unknown>;

/** The part of the Daily REST API that sessions need. Every refusal says what Daily said and whose turn it is. */
export interface DailyClient {
  /** Throws where the key is not one of Daily's. */
  check(apiKey: string): Promise<void>;
  createRoom(apiKey: string, room: { name: string; privacy: string; properties: JsonObject }): Promise<{ url: string }>;
  createToken(apiKey: string, properties: JsonObject): Promise<string>;
  /** Also when it was gone already. */
  deleteRoom(apiKey: string, name: string): Promise<void>;
}

const timeoutMs = 10_000;
const answerLimit = 256 * 1024;

/** `apiUrl` without a slash at its end. */
export function createDailyClient(apiUrl: string): DailyClient {
  async function call(apiKey: string, method: string, path: string, body?: JsonObject): Promise<JsonObject> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${apiUrl}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${apiKey}`,
          ...(body ? { 'content-type': 'application/json' } : {}),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      });
      text = await readText(response);
    } catch (cause) {
      throw dailyAway('Daily does not answer. Try again, or start with another transport', cause);
    }
    const answer = parse(text);
    if (response.ok && answer) return answer;
    throw refusalOf(response.status, answer);
  }

  return {
    async check(apiKey) {
      await call(apiKey, 'GET', '/');
    },
    async createRoom(apiKey, room) {
      const { url } = await call(apiKey, 'POST', '/rooms', room);
      if (typeof url !== 'string') throw dailyAway('Daily made a room without an address');
      return { url };
    },
    async createToken(apiKey, properties) {
      const { token } = await call(apiKey, 'POST', '/meeting-tokens', { properties });
      if (typeof token !== 'string') throw dailyAway('Daily answered without a meeting token');
      return token;
    },
    async deleteRoom(apiKey, name) {
      await call(apiKey, 'DELETE', `/rooms/${encodeURIComponent(name)}`).catch((error: unknown) => {
        if (!(error instanceof DailyRefusal && error.dailyStatus === 404)) throw error;
      });
    },
  };
}

/** Daily said no. */
export class DailyRefusal extends AppError {
  readonly dailyStatus: number;
  constructor(dailyStatus: number, status: number, code: string, message: string) {
    super(status, code, message);
    this.dailyStatus = dailyStatus;
  }
}

const dailyAway = (message: string, cause?: unknown) => new AppError(502, '502', message, { cause });

function refusalOf(status: number, answer: JsonObject | undefined): AppError {
  // `info` is the sentence, `error` the name of what is wrong.
  const said = [answer?.info, answer?.error].find((each) => typeof each === 'string') ?? `status ${status}`;
  const words = String(said).slice(0, 300);
  const bad = badRequest('').code;
  if (status === 401 || status === 403)
    return new DailyRefusal(
      status,
      400,
      bad,
      'Daily does not accept the API key. Set a valid one for the organization',
    );
  if (status === 402)
    return new DailyRefusal(
      status,
      400,
      bad,
      `The Daily account can't do this: ${words}. Look at its plan and balance`,
    );
  if (status === 429)
    return new DailyRefusal(status, 503, '503', 'Daily takes no more requests at this moment. Try again');
  if (status >= 500)
    return new DailyRefusal(status, 502, '502', 'Daily failed. Try again, or start with another transport');
  return new DailyRefusal(status, 400, bad, `Daily refused the room or its token: ${words}`);
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > answerLimit) throw new Error('The answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}
