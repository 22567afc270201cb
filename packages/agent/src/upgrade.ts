import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type HttpDeps, refusal } from './http.js';
import { type Log, NO_SESSION } from './log.js';
import { header, RefusedError, refuseUpgrade } from './replies.js';
import { createAgentSocket } from './socket.js';
import type { JsonValue } from './types.js';

const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** `WS /ws?body=` of contract §9.3: one socket, one session, ended by whichever side closes. */
export function createUpgradeHandler(deps: Pick<HttpDeps, 'sessions' | 'log' | 'draining'>) {
  const { sessions, log } = deps;
  const server = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });

  async function run(ws: WebSocket, req: IncomingMessage, query: string): Promise<void> {
    const id = header(req, 'x-daily-session-id');
    // Closing can come before the bot has been started, so the session is looked up when it does.
    const socket = createAgentSocket({ ws, onClose: (code) => started?.stop(`The socket closed with code ${code}`) });
    const started = sessions.start({
      id,
      body: decodeBody(query, log.forSession(id ?? NO_SESSION)),
      transport: 'websocket',
      socket,
      maxSeconds: header(req, 'x-pcc-max-session-seconds'),
    });
    if (!started) return socket.close(1013, 'Busy');
    const { signal } = started.session;
    // Going away: the limit or a shutdown. After the socket's own close this does nothing.
    signal.addEventListener('abort', () => socket.close(1001, 'Session stopped'));
    const succeeded = await started.done;
    socket.close(succeeded ? 1000 : 1011);
  }

  return function upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const [path, query = ''] = (req.url ?? '/').split('?');
    const refused = path === '/ws' ? refusal(deps) : new RefusedError(404, `There is no socket route ${path}.`);
    if (refused) {
      refuseUpgrade(socket, refused.status, refused.message);
      return;
    }
    server.handleUpgrade(req, socket, head, (ws) => void run(ws, req, query));
  };
}

/** Base64 of JSON. Clients append it raw, so a `+` may have become a space (contract §8.6.3). */
function decodeBody(query: string, log: Log): JsonValue {
  const encoded = new URLSearchParams(query).get('body');
  if (!encoded) return {};
  try {
    const bytes = Buffer.from(encoded.replaceAll(' ', '+'), 'base64');
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    log.error('The body in the socket address is not base64 of JSON: the bot starts with an empty one.');
    return {};
  }
}
