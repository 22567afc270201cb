import type { Driver } from '../drivers/driver.js';
import type { Redactor } from '../logs/redactor.js';
import { keepSecretsWhole } from '../logs/whole-secrets.js';

/** What comes before is no part of what happened last. */
const readBytes = 64 * 1024;
const readMs = 1_000;
const keptLines = 40;
const shownLines = 5;

/** The lines of an instance's last output that say most, for an error message. No secret lies across the end of one. */
export async function lastOutput(
  driver: Pick<Driver, 'logs' | 'logEnd'>,
  instanceId: string,
  redactor: Redactor,
): Promise<string[]> {
  const end = await driver.logEnd(instanceId);
  if (end === 0) return [];
  const from = Math.max(0, end - readBytes);
  const enough = new AbortController();
  const timer = setTimeout(() => enough.abort(), readMs);
  const lines: string[] = [];
  let isTorn = from > 0;
  try {
    const { signal } = enough;
    const source = driver.logs(instanceId, from, signal);
    for await (const { text, position } of keepSecretsWhole({ lines: source, from, redactor, signal })) {
      if (text.trim() !== '' && !isTorn) lines.push(text);
      isTorn = false;
      if (lines.length > keptLines) lines.shift();
      if (position >= end) break;
    }
  } finally {
    clearTimeout(timer);
  }
  return tellingLines(lines);
}

/** Frames of a stack in JavaScript, a caret under a line of source, and the version with which Node.js ends. */
const noise = /^\s+at .+|^\s*\^+\s*$|^Node\.js v\d/;
const error =
  /^\s*(\[[^\]]*\]\s*)?(Uncaught:?\s+|Unhandled\s+)?(\w[\w$.]*(Error|Exception)\b|Error\b|Traceback\b|panic:|fatal error:)/;

/** The last lines; but where the error lies further back, from there on. Python says what went wrong last, Node.js first. */
export function tellingLines(lines: readonly string[]): string[] {
  const kept = lines.filter((line) => !noise.test(line));
  const last = Math.max(0, kept.length - shownLines);
  const at = kept.findLastIndex((line) => error.test(line));
  const start = at < 0 ? last : Math.min(at, last);
  return kept.slice(start, start + shownLines);
}
