import { callSite } from './call-site.js';
import { LEVELS } from './settings.js';
import type { LogLevel, SessionLog } from './types.js';

/** The id in log lines that belong to no session. */
export const NO_SESSION = 'NONE';

export interface Log extends SessionLog {
  critical(message: string): void;
  /** Written whatever the level: the platform reads these lines (contract §9.7). */
  always(message: string): void;
  forSession(sessionId: string): Log;
}

/** One line of contract §9.7: local time, level, `module:function:line`, session id, message. */
export function formatLine(at: Date, level: LogLevel, source: string, sessionId: string, message: string): string {
  return `${timestamp(at)} | ${level.padEnd(8)} | ${source} | ${sessionId} - ${message}\n`;
}

/** Writes lines from `level` up. `write` gets one whole line, or several for a message of several lines. */
export function createLog(level: LogLevel, write: (text: string) => void, sessionId = NO_SESSION): Log {
  function at(lineLevel: LogLevel, forced = false) {
    return function log(message: string): void {
      if (!forced && LEVELS[lineLevel] < LEVELS[level]) return;
      write(formatLine(new Date(), lineLevel, callSite(log), sessionId, message));
    };
  }

  return {
    debug: at('DEBUG'),
    info: at('INFO'),
    warning: at('WARNING'),
    error: at('ERROR'),
    critical: at('CRITICAL'),
    always: at('INFO', true),
    forSession: (id) => createLog(level, write, id),
  };
}

function timestamp(at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const milliseconds = String(at.getMilliseconds()).padStart(3, '0');
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${milliseconds}`;
}
