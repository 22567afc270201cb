import type { Driver, DriverLogLine } from '../drivers/driver.js';
import type { Redactor } from '../logs/redactor.js';
import { keepSecretsWhole } from '../logs/whole-secrets.js';

export type Marker = 'Starting' | 'Stopping';

/** True for the base image's line that says that the bot of this session starts or has stopped (contract §9.7). */
export function isMarker(text: string, marker: Marker, sessionId: string): boolean {
  const label = `${marker} bot session with metadata:`;
  const at = text.indexOf(label);
  if (at < 0) return false;
  const json = text.slice(text.indexOf('{', at), text.lastIndexOf('}') + 1);
  try {
    return (JSON.parse(json) as { session_id?: unknown }).session_id === sessionId;
  } catch {
    return false;
  }
}

/** The first such line after `from`; waits for it until the signal aborts or the instance has exited and all is read. */
export async function awaitMarker(
  driver: Driver,
  search: { instanceId: string; from: number; marker: Marker; sessionId: string },
  signal: AbortSignal,
): Promise<DriverLogLine | undefined> {
  for await (const line of driver.logs(search.instanceId, search.from, signal)) {
    if (isMarker(line.text, search.marker, search.sessionId)) return line;
  }
  return undefined;
}

/** The same in what is written already; gives up after two seconds. */
export async function findMarker(
  driver: Driver,
  search: { instanceId: string; from: number; marker: Marker; sessionId: string },
): Promise<DriverLogLine | undefined> {
  const end = await driver.logEnd(search.instanceId);
  if (end <= search.from) return undefined;
  const enough = new AbortController();
  const timer = setTimeout(() => enough.abort(), 2000);
  try {
    for await (const line of driver.logs(search.instanceId, search.from, enough.signal)) {
      if (isMarker(line.text, search.marker, search.sessionId)) return line;
      if (line.position >= end) return undefined;
    }
  } finally {
    clearTimeout(timer);
  }
  return undefined;
}

/** The last lines of an instance's output, for an error message. No secret lies across the end of one. */
export async function lastLines(
  driver: Pick<Driver, 'logs' | 'logEnd'>,
  instanceId: string,
  redactor: Redactor,
  count = 5,
): Promise<string[]> {
  const lines: string[] = [];
  const end = await driver.logEnd(instanceId);
  if (end === 0) return lines;
  const enough = new AbortController();
  const { signal } = enough;
  const timer = setTimeout(() => enough.abort(), 1000);
  try {
    const source = driver.logs(instanceId, 0, signal);
    for await (const { text, position } of keepSecretsWhole({ lines: source, from: 0, redactor, signal })) {
      if (text.trim() !== '') lines.push(text);
      if (lines.length > count) lines.shift();
      if (position >= end) break;
    }
  } finally {
    clearTimeout(timer);
  }
  return lines;
}
