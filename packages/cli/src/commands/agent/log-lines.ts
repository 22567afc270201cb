import type { LogEntry } from '@pipecat-cloud/contract/logs';
import type { CommandContext } from '../../lib/context.js';
import { cleanLine } from '../../lib/text.js';

export const levels = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
export type Level = (typeof levels)[number];

/** The server was asked for newest first; one that doesn't know `order` may have answered the other way round. */
export function ascending(entries: readonly LogEntry[]): LogEntry[] {
  const first = entries[0]?.timestamp ?? '';
  const last = entries.at(-1)?.timestamp ?? '';
  const lines = entries.filter(({ log }) => log !== '');
  return first < last ? lines : lines.reverse();
}

/** Contract §4.5: the first level word that the line contains, in this order; INFO where there is none. */
export function levelOf(log: string): Level {
  const upper = log.toUpperCase();
  return levels.find((level) => upper.includes(level)) ?? 'INFO';
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
  return ({ log, timestamp }) => {
    const text = cleanLine(log, colours.isColorSupported);
    return `${colours.dim(timestamp)} ${paint[levelOf(log)](text)}`;
  };
}
