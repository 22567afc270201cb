import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type RawData, WebSocket } from 'ws';
import type { JsonValue } from '../types.js';
import type { AgentProcess } from './agent-process.js';

/** `POST /bot` as the platform sends it. The answer comes when the bot is done. */
export function postBot(
  agent: AgentProcess,
  body: unknown,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
) {
  const id = headers['x-daily-session-id'] ?? randomUUID();
  const answer = fetch(`${agent.url}/bot`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-daily-session-id': id, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal && { signal }),
  });
  return { id, answer };
}

export async function post(agent: AgentProcess, path: string, body: unknown = {}): Promise<JsonValue> {
  const response = await fetch(`${agent.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await response.json()) as JsonValue;
}

export async function status(agent: AgentProcess, sessionId = 'NONE') {
  const response = await fetch(`${agent.url}/status`, { headers: { 'x-daily-session-id': sessionId } });
  return (await response.json()) as { sessionId: string; running: string | null };
}

/** A socket session as the platform opens it, with every frame that came. */
export async function openSocket(agent: AgentProcess, query = '', headers: Record<string, string> = {}) {
  const id = randomUUID();
  const ws = new WebSocket(`${agent.wsUrl}${query}`, { headers: { 'x-daily-session-id': id, ...headers } });
  const frames: (string | Buffer)[] = [];
  ws.on('message', (data: RawData, binary) => frames.push(binary ? (data as Buffer) : data.toString()));
  const closed = once(ws, 'close').then(([code]) => code as number);
  await once(ws, 'open');
  return { id, ws, frames, closed };
}

/** The HTTP status with which an upgrade is refused. */
export async function refusedUpgrade(url: string): Promise<number> {
  const ws = new WebSocket(url);
  ws.on('error', () => {});
  const [, response] = await once(ws, 'unexpected-response');
  ws.terminate();
  return response.statusCode;
}

export function base64(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64');
}
