import type { IncomingMessage, ServerResponse } from 'node:http';
import { createCustomRoutes } from './custom-routes.js';
import type { Log } from './log.js';
import { header, RefusedError, readJsonObject, sendJson } from './replies.js';
import type { Sessions } from './sessions.js';
import type { JsonValue, ServeOptions, Session } from './types.js';

export interface HttpDeps {
  readonly sessions: Sessions;
  readonly log: Log;
  readonly routes: NonNullable<ServeOptions['routes']>;
  readonly ready: ServeOptions['ready'];
  /** True once no new session may begin. */
  readonly draining: () => boolean;
}

type Handler = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

const BUSY = 'This instance runs a session already. It takes one at a time.';
const SHUTTING_DOWN = 'This instance is shutting down and takes no new session.';

/** Why a new session can't begin now, if it can't: contract §9.6, one session per container. */
export function refusal({ sessions, draining }: Pick<HttpDeps, 'sessions' | 'draining'>): RefusedError | undefined {
  if (draining()) return new RefusedError(503, SHUTTING_DOWN);
  return sessions.current ? new RefusedError(409, BUSY) : undefined;
}

/** The request handler of contract §9.3. It always answers, and never rejects. */
export function createHttpHandler(deps: HttpDeps): Handler {
  const { sessions, log } = deps;
  const custom = createCustomRoutes(deps);

  /** The request stays open until the bot returns; a caller that goes away changes nothing for the bot. */
  async function bot(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = await readJsonObject(req);
    const refused = refusal(deps);
    if (refused) throw refused;
    const room = roomOf(req);
    const started = sessions.start({
      id: header(req, 'x-daily-session-id'),
      body,
      room,
      transport: room ? 'daily' : (header(req, 'x-daily-transport-type') ?? 'none'),
      maxSeconds: header(req, 'x-pcc-max-session-seconds'),
    });
    await started?.done;
    sendJson(res, 200, {});
  }

  async function readyz(_req: IncomingMessage, res: ServerResponse): Promise<void> {
    const [status, body] = await readiness(deps);
    sendJson(res, status, body);
  }

  async function livez(_req: IncomingMessage, res: ServerResponse): Promise<void> {
    sendJson(res, 200, { status: 'ok' });
  }

  const own: Record<string, Record<string, Handler>> = {
    '/bot': { POST: bot },
    '/readyz': { GET: readyz, HEAD: readyz },
    '/livez': { GET: livez, HEAD: livez },
    '/ws': {},
  };

  return async function handle(req, res) {
    if (deps.draining()) res.setHeader('connection', 'close');
    const method = req.method ?? 'GET';
    const [path = '/'] = (req.url ?? '/').split('?');
    try {
      const methods = own[path];
      if (!methods) return await custom(req, res, path);
      const handler = methods[method];
      if (handler) return await handler(req, res);
      if (path === '/ws') throw new RefusedError(426, 'This is a WebSocket route: ask for an upgrade.');
      res.setHeader('allow', Object.keys(methods).join(', '));
      throw new RefusedError(405, `${method} is not possible on ${path}.`);
    } catch (error) {
      if (error instanceof RefusedError) return sendJson(res, error.status, { detail: error.message });
      if (res.destroyed) return; // The caller went away while sending.
      log.error(`${method} ${path} failed: ${error instanceof Error ? error.stack : String(error)}`);
      sendJson(res, 500, { detail: 'Internal server error' });
    }
  };
}

async function readiness({ ready, log, draining }: HttpDeps): Promise<[number, JsonValue]> {
  if (draining()) return [503, { status: 'shutting down' }];
  try {
    const answer = (await ready?.()) ?? true;
    if (typeof answer === 'object') return [answer.ready === true ? 200 : 503, answer];
    return answer ? [200, { status: 'ok' }] : [503, { status: 'not ready' }];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    log.warning(`The readiness check failed: ${message}`);
    return [503, { ready: false, error: message }];
  }
}

/** Both headers or none: a room without its token is no room. */
function roomOf(req: IncomingMessage): Session['room'] {
  const url = header(req, 'x-daily-room-url');
  const token = header(req, 'x-daily-room-token');
  return url !== undefined && token !== undefined ? { url, token } : undefined;
}
