import { type LogLevel, logLevels } from '@pipecat-cloud/contract/log-levels';
import type { LogEntry } from '@pipecat-cloud/contract/logs';
import type { CommandContext } from '../../lib/context.js';
import { cleanLine } from '../../lib/text.js';

export type Level = LogLevel;

/** The server was asked for newest first; one that doesn't know `order` may have answered the other way round. */
export function ascending(entries: readonly LogEntry[]): LogEntry[] {
  const first = entries[0]?.timestamp ?? '';
  const last = entries.at(-1)?.timestamp ?? '';
  const lines = entries.filter(({ log }) => log !== '');
  return first < last ? lines : lines.reverse();
}

export const byTime = (a: LogEntry, b: LogEntry) =>
  a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0;

/**
 * What the server says; where it says nothing, contract §4.5: the first level word that the line contains, in this order; INFO where
 * there is none.
 */
export function levelOf({ log, level: told }: LogEntry): Level {
  const upper = log.toUpperCase();
  return told ?? logLevels.find((level) => upper.includes(level)) ?? 'INFO';
}

/** One line as text, or with JSON as one object. */
export function lineWriter({ colours }: CommandContext, asJson: boolean): (entry: LogEntry) => string {
  if (asJson) return (entry) => JSON.stringify(entry);
  const paint: Record<Level, (text: string) => string> = {
    DEBUG: colours.blue,
    INFO: (text) => text,
    WARNING: colours.yellow,
    ERROR: colours.red,
    CRITICAL: (text) => colours.bold(colours.red(text)),
  };
  return (entry) => {
    const text = cleanLine(entry.log, colours.isColorSupported);
    return `${colours.dim(entry.timestamp)} ${paint[levelOf(entry)](text)}`;
  };
}
