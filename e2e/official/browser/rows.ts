import { readFileSync } from 'node:fs';
import { inRoot } from '../../src/support/paths.js';
import type { CompatibilityTable } from '../compatibility-page.js';

export type Transport = 'webrtc' | 'websocket';

const noIce = 'does not apply: a socket needs no ICE';
const noOffer = 'does not apply: it makes no offer';

/** What pages do with the clients, in the order of the table; where one of the transports does not, why. */
const rows = {
  start: { does: '`startBot`: `POST /v1/public/{agent}/start`, with a preflight' },
  startAndConnect: { does: '`startBotAndConnect`' },
  message: { does: 'bot ready, `sendClientRequest` and its answer' },
  audio: { does: 'audio to the bot and back' },
  body: { does: '`body` of the start request reaches the bot' },
  ice: { does: '`enableDefaultIceServers`: the transport uses the ICE servers of the answer', websocket: noIce },
  offer: { does: '`POST …/sessions/{id}/api/offer`, the first with `pc_id: null`', websocket: noOffer },
  candidates: { does: '`PATCH …/sessions/{id}/api/offer`', websocket: noOffer },
  renegotiate: { does: 'another offer on the same connection', websocket: noOffer },
  restart: { does: 'a new connection in the same session, `restart_pc: true`', websocket: noOffer },
  socket: { does: '`WS /ws/generic/{agent}.{org}?body=…&token=…`', webrtc: 'does not apply: it opens no socket' },
  leave: { does: '`disconnect` ends the session' },
  wrongKey: { does: 'wrong key: 401, its text in `error.message`' },
  unknownAgent: { does: 'unknown agent: 404, its text in `error.message`' },
  capacity: { does: 'no session free: 429' },
} as const satisfies Record<string, { does: string; websocket?: string; webrtc?: string }>;
export type Row = keyof typeof rows;

/** Collects what came of each row; one that nothing reached has an empty cell, which the page does not take. */
export function collectRows() {
  const found = new Map<string, string>();
  return {
    passed(row: Row, transport: Transport, remark?: string): void {
      found.set(`${row} ${transport}`, remark ? `pass: ${remark}` : 'pass');
    },
    table(): CompatibilityTable {
      const { dependencies } = JSON.parse(readFileSync(inRoot('e2e/browser-clients/package.json'), 'utf8')) as {
        dependencies: Record<string, string>;
      };
      const version = (name: string) => `\`${name}\` ${dependencies[`@pipecat-ai/${name}`]}`;
      const cell = (row: Row, transport: Transport) => {
        const known: { does: string; websocket?: string; webrtc?: string } = rows[row];
        return found.get(`${row} ${transport}`) ?? known[transport] ?? '';
      };
      return {
        columns: [`with ${version('client-js')}`, version('small-webrtc-transport'), version('websocket-transport')],
        rows: (Object.keys(rows) as Row[]).map((row) => [rows[row].does, cell(row, 'webrtc'), cell(row, 'websocket')]),
      };
    },
  };
}
