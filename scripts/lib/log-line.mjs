import { printable } from './output.mjs';

const LEVELS = [
  [60, 'fatal'],
  [50, 'error'],
  [40, 'warning'],
];

/**
 * The short form of a log line for the terminal: `{ level, text }`, undefined for what belongs in the log alone. A line
 * that is not JSON was written for people (a refusal to start, a crash) and is shown as it is, with level 'plain'.
 */
export function shortForm(line) {
  let entry;
  try {
    entry = JSON.parse(line);
  } catch {
    return { level: 'plain', text: printable(line) };
  }
  if (entry === null || typeof entry !== 'object') return { level: 'plain', text: printable(line) };
  const level = LEVELS.find(([least]) => entry.level >= least)?.[1];
  if (!level) return undefined;
  const cause = entry.err?.message;
  const message = entry.msg ?? '';
  const text = cause && !message.includes(cause) ? `${message}${message ? ': ' : ''}${cause}` : message;
  const about = typeof entry.agent === 'string' ? ` (agent ${entry.agent})` : '';
  return { level, text: printable(`${text}${about}`.replaceAll('\n', ' ')) };
}
