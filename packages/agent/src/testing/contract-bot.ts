import { setTimeout as sleep } from 'node:timers/promises';
import { type JsonValue, type Session, serve } from '../agent.js';

/** The bot that the contract suite drives; `contract_bot/bot.py` is its twin. */

let finish = () => {};
let ready = true;

async function bot(session: Session): Promise<void> {
  const { id, body, room, log, socket, signal } = session;
  const seen = JSON.stringify({ id, body, room: room ? { url: room.url, token: room.token } : null });
  log.debug(`seen ${seen}`);
  await socket?.send(seen);
  const { do: action } = (body ?? {}) as { do?: string };

  if (action === 'throw') throw new Error('on purpose');
  if (action === 'levels') {
    log.info('at info');
    log.warning('at warning');
    log.error('at error');
    process.stdout.write('a bare line\n');
  }
  if (action === 'wait') {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
  }
  if (action === 'hang') {
    await sleep(3_600_000, undefined, { signal }).catch(() => log.info('told to stop'));
  }
  if (action === 'stubborn') await sleep(3_600_000);
  if (socket && action === undefined) for await (const frame of socket) await socket.send(frame);
  log.info('bot returns');
}

await serve({
  bot,
  ready: () => (ready ? true : { ready: false, why: 'asked to' }),
  routes: {
    'GET /status': (_request, { sessionId, session }) => ({ sessionId, running: session?.id ?? null }),
    'POST /say': async (request) => ({ said: (await request.json()) as JsonValue }),
    'POST /finish': () => {
      finish();
      return {};
    },
    'POST /ready': async (request) => {
      ready = ((await request.json()) as { ready: boolean }).ready;
      return {};
    },
  },
});
