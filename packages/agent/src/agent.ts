import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHttpHandler } from './http.js';
import { createLog } from './log.js';
import { createSessions } from './sessions.js';
import { readSettings } from './settings.js';
import { installShutdown } from './shutdown.js';
import type { ServeOptions } from './types.js';
import { createUpgradeHandler } from './upgrade.js';

export type {
  AgentSocket,
  Bot,
  JsonValue,
  Readiness,
  RouteContext,
  RouteHandler,
  ServeOptions,
  Session,
  SessionLog,
} from './types.js';

/** Longer than any client keeps an idle connection, so that a reused one is never closed under a request. */
const KEEP_ALIVE_MS = 75_000;

/**
 * Serves a bot under the agent container contract (contract §9) and resolves once it listens. Takes the process over:
 * settings come from the environment, log lines go to stdout, SIGTERM and SIGINT end it. Call it once.
 * Throws when `PORT` or a route is not understood, or when the address is taken.
 */
export async function serve(options: ServeOptions): Promise<{ host: string; port: number }> {
  const settings = readSettings(process.env);
  // A reader of our output that goes away must not end the session.
  process.stdout.on('error', () => {});
  const log = createLog(settings.logLevel, (text) => process.stdout.write(text));
  for (const warning of settings.warnings) log.warning(warning);

  const sessions = createSessions({ bot: options.bot, log, imageVersion: settings.imageVersion });
  const server = createServer();
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const { draining } = installShutdown({
    server,
    sessions,
    log,
    timeoutSeconds: settings.shutdownTimeoutSeconds,
    exit: (code) => process.exit(code),
  });
  const handle = createHttpHandler({ sessions, log, draining, routes: options.routes ?? {}, ready: options.ready });
  server.on('request', (req, res) => void handle(req, res));
  server.on('upgrade', createUpgradeHandler({ sessions, log, draining }));

  const address = { host: settings.host, port: await listen(server, settings.host, settings.port) };
  log.info(`Agent listening on http://${address.host}:${address.port}`);
  options.onReady?.(address);
  return address;
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'is taken' : `can't be used (${cause.code})`;
      reject(new Error(`The address ${host}:${port} ${why}. Set HOST and PORT to a free one.`, { cause }));
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}
