import type { LogLevel } from './types.js';

/** Every level with its weight. */
export const LEVELS: Readonly<Record<LogLevel, number>> = {
  TRACE: 5,
  DEBUG: 10,
  INFO: 20,
  SUCCESS: 25,
  WARNING: 30,
  ERROR: 40,
  CRITICAL: 50,
};

export interface Settings {
  readonly host: string;
  readonly port: number;
  /** How long a running session may go on after SIGTERM. */
  readonly shutdownTimeoutSeconds: number;
  readonly logLevel: LogLevel;
  readonly imageVersion: string;
  /** Values that were not understood, each with what is used instead. */
  readonly warnings: readonly string[];
}

const DEFAULT_SHUTDOWN_SECONDS = 7200;

/**
 * Reads contract §9.2's variables. Only a bad `PORT` is an error, since the platform would look for the agent
 * elsewhere; the rest falls back with a warning.
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const warnings: string[] = [];
  const port = Number(env.PORT || 8080);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`PORT is '${env.PORT}', which is no port. Set it to a number from 0 to 65535.`);
  }

  let shutdownTimeoutSeconds = Number(env.SHUTDOWN_TIMEOUT || DEFAULT_SHUTDOWN_SECONDS);
  if (!Number.isFinite(shutdownTimeoutSeconds) || shutdownTimeoutSeconds < 0) {
    warnings.push(`SHUTDOWN_TIMEOUT is '${env.SHUTDOWN_TIMEOUT}', which is no number of seconds: using 7200.`);
    shutdownTimeoutSeconds = DEFAULT_SHUTDOWN_SECONDS;
  }

  let logLevel = (env.PIPECAT_LOG_LEVEL || 'DEBUG').toUpperCase();
  if (!isLevel(logLevel)) {
    const known = Object.keys(LEVELS).join(', ');
    warnings.push(`PIPECAT_LOG_LEVEL is '${env.PIPECAT_LOG_LEVEL}', which is none of ${known}: using DEBUG.`);
    logLevel = 'DEBUG';
  }
  return {
    host: env.HOST || '0.0.0.0',
    port,
    shutdownTimeoutSeconds,
    logLevel: logLevel as LogLevel,
    imageVersion: env.IMAGE_VERSION || 'unknown',
    warnings,
  };
}

function isLevel(name: string): name is LogLevel {
  return Object.hasOwn(LEVELS, name);
}
