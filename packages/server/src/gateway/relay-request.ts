import { Agent, type IncomingMessage, request as requestHttp, type ServerResponse } from 'node:http';
import { request as requestHttps, Agent as SecureAgent } from 'node:https';
import { passOver } from '@pipecat-cloud/contract/pass-over';
import { passAnswerOn } from '@pipecat-cloud/contract/relay-answer';
import { isPlatformHeader, passOn } from '@pipecat-cloud/contract/relay-headers';
import { hopHeader, hopRefusedHeader } from '@pipecat-cloud/contract/worker-protocol';
import type { Logger } from 'pino';
import { AppError, notFound } from '../errors.js';
import type { HopSigner } from '../workers/hop-signer.js';
import type { Place } from './session-places.js';

/** How long an agent may take before it begins to answer; what it then sends may last. */
const answerTimeoutMs = 60_000;
/** Shorter than a worker keeps an idle connection, which would be found closed when used. */
const idleConnectionMs = 30_000;

/** What a caller says to this server is not for the agent: its key, its cookie of the dashboard, and what only the platform may say. */
const withheld = (name: string) =>
  name === 'host' || name === 'authorization' || name === 'cookie' || isPlatformHeader(name);

/**
 * What an agent may not say in this server's name: which pages may call it, and anything that a browser keeps for the whole origin,
 * the dashboard's included.
 */
export const notForCallers = (name: string) =>
  name.startsWith('access-control-') ||
  name.startsWith('x-pipecat-cloud-') ||
  ['set-cookie', 'clear-site-data', 'strict-transport-security', 'service-worker-allowed', 'alt-svc'].includes(name);

interface RequestRelayDeps {
  hops: HopSigner;
  log: Logger;
  /** From the end of a request to the beginning of its answer. */
  answerMs?: number;
}

export interface RelayOrder {
  place: Place;
  /** Path and query at the instance, beginning with a slash. */
  path: string;
  /** Of this server's own, for the answer: names and values. */
  answerHeaders: Readonly<Record<string, string | string[]>>;
}

/** Connections to the data ports of workers, and what goes over them. */
export function createRequestRelay({ hops, log, answerMs = answerTimeoutMs }: RequestRelayDeps) {
  const settings = { keepAlive: true, timeout: idleConnectionMs, maxFreeSockets: 256 };
  const agents = { 'http:': new Agent(settings), 'https:': new SecureAgent(settings) };

  function open(place: Place, path: string, method: string, headers: string[]) {
    const target = new URL(place.dataUrl);
    const secure = target.protocol === 'https:';
    return (secure ? requestHttps : requestHttp)({
      agent: secure ? agents['https:'] : agents['http:'],
      host: target.hostname,
      port: target.port,
      method,
      path: `/instances/${place.instanceId}${path}`,
      headers: ['host', target.host, hopHeader, hops.sign(place), ...headers],
    });
  }

  /**
   * Passes a request on to the session's instance and its answer back, both byte for byte as they come; each side waits for the other, so
   * that nothing piles up here. Rejects with the refusal while nothing was answered. Resolves when all is over, at once where the caller has
   * gone already.
   */
  function relay({ place, path, answerHeaders }: RelayOrder, req: IncomingMessage, res: ServerResponse): Promise<void> {
    const hasBody = req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
    const headers = passOn(req.rawHeaders, withheld);
    // Its close has been told, and nobody would end what began now.
    if (res.destroyed) return Promise.resolve();
    return new Promise((resolve, reject) => {
      let abort: () => void = () => undefined;
      res.once('close', () => {
        abort();
        passOver(req);
        resolve();
      });
      const send = (): void => {
        const upstream = open(place, path, req.method ?? 'GET', headers);
        let timer: NodeJS.Timeout | undefined;
        abort = () => {
          clearTimeout(timer);
          upstream.destroy();
        };
        const awaitAnswer = () => {
          timer = setTimeout(() => upstream.destroy(new AgentTooSlow()), answerMs);
        };
        upstream.once('finish', awaitAnswer);
        upstream.once('response', (answer) => {
          clearTimeout(timer);
          // It may begin before the request has ended.
          upstream.off('finish', awaitAnswer);
          // Its errors come as its close.
          answer.on('error', () => undefined);
          const refused = answer.headers[hopRefusedHeader];
          if (refused !== undefined) {
            answer.resume();
            return reject(refusalOf(Number(refused), place.sessionId));
          }
          try {
            passAnswerOn(answer, res, headersFor(answer, answerHeaders));
          } catch (error) {
            broken(error as Error);
          }
        });
        const failed = (error: NodeJS.ErrnoException): void => {
          clearTimeout(timer);
          if (res.destroyed) return;
          // The worker closed an idle connection at the moment it was used again: nothing of the request arrived.
          if (upstream.reusedSocket && error.code === 'ECONNRESET' && !hasBody && !res.headersSent) return void send();
          if (res.headersSent) return void res.destroy();
          log.warn({ err: error, sessionId: place.sessionId }, 'the session could not be reached');
          reject(error instanceof AgentTooSlow ? tooSlow(place.sessionId) : refusalOf(502, place.sessionId));
        };
        const broken = (error: Error): void => {
          req.unpipe(upstream);
          upstream.destroy();
          failed(error);
        };
        upstream.on('error', failed);
        upstream.on('upgrade', (_answer, socket) => {
          socket.destroy();
          broken(new Error('It changed the protocol, which nobody asked for'));
        });
        if (hasBody) req.pipe(upstream);
        else upstream.end();
      };
      send();
    });
  }

  return {
    relay,
    open,
    close(): void {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}
export type RequestRelay = ReturnType<typeof createRequestRelay>;

/** Headers of an answer as its caller gets them: those of this server's own stand in place of the agent's. */
function headersFor(answer: IncomingMessage, own: RelayOrder['answerHeaders']): string[] {
  const told = { ...own };
  // As all answers to whoever showed a credential, unless the agent has thought about it.
  if (answer.headers['cache-control'] === undefined) told['cache-control'] = 'no-store';
  return [
    ...Object.entries(told).flatMap(([name, value]) => [value].flat().flatMap((each) => [name, each])),
    ...passOn(answer.rawHeaders, (name) => notForCallers(name) || name in told),
  ];
}

class AgentTooSlow extends Error {}

/** What a worker's refusal of a hop means to the caller: where it no longer holds the session, that has ended. */
export function refusalOf(status: number, sessionId: string): AppError {
  if (status === 404 || status === 410) return notFound('Running session', sessionId);
  if (status === 503)
    return new AppError(503, '503', `Session ${sessionId} cannot be reached at this moment. Try again`);
  return new AppError(502, '502', `The agent of session ${sessionId} did not answer`);
}

const tooSlow = (sessionId: string) =>
  new AppError(
    504,
    '504',
    `The agent of session ${sessionId} did not begin to answer within ${answerTimeoutMs / 1000} s`,
  );
