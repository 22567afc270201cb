import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { passOver } from '@pipecat-cloud/contract/pass-over';
import { passAnswerOn } from '@pipecat-cloud/contract/relay-answer';
import { hopRefusedHeader } from '@pipecat-cloud/contract/worker-protocol';
import type { Logger } from 'pino';
import type { InstanceAgent, InstanceRequest } from '../instances/dial.js';
import type { BotReceived } from './bot-received.js';
import { forInstance, fromInstance } from './headers.js';
import type { AllowedHop } from './hop.js';
import type { Relays } from './relays.js';

export interface HttpRelayDeps {
  agent: InstanceAgent;
  relays: Relays;
  received: BotReceived;
  log: Logger;
}

/** Passes a request on to the instance and its answer back, both as they come: nothing is held back and nothing times out. */
export function relayRequest(deps: HttpRelayDeps, hop: AllowedHop, req: IncomingMessage, res: ServerResponse): void {
  const { agent, relays, received, log } = deps;
  const { address, path, sessionId, instance } = hop;
  const hasBody = req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
  let abort: () => void = () => undefined;
  const ended = relays.track(instance.id, () => {
    abort();
    res.destroy();
  });
  res.on('close', () => {
    ended();
    abort();
    passOver(req);
  });

  function send(): void {
    const target = new URL(address);
    const upstream = request({
      agent,
      instanceId: instance.id,
      host: target.hostname,
      port: target.port,
      method: req.method ?? 'GET',
      // As it came: parsing and printing it again would change what the instance sees.
      path,
      headers: forInstance(req.rawHeaders, target.host, sessionId),
    } as InstanceRequest);
    abort = () => upstream.destroy();
    const failed = (error: NodeJS.ErrnoException): void => {
      if (res.destroyed) return;
      // The instance closed an idle connection at the moment it was used again: nothing of the request arrived.
      if (upstream.reusedSocket && error.code === 'ECONNRESET' && !hasBody && !res.headersSent) return void send();
      if (res.headersSent) return void res.destroy();
      log.debug({ err: error, instanceId: instance.id }, 'an instance did not answer a relayed request');
      refuse(res, 502, 'The agent did not answer the request');
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
    upstream.on('response', (answer) => {
      // Its errors come as its close.
      answer.on('error', () => undefined);
      try {
        passAnswerOn(answer, res, fromInstance(answer.rawHeaders));
      } catch (error) {
        broken(error as Error);
      }
    });
    if (hasBody) req.pipe(upstream);
    else upstream.end();
  }
  void received.before(hop).then(() => {
    // The caller may have gone meanwhile.
    if (!res.destroyed) send();
  });
}

/** Answers with the error envelope of contract §2.1, marked as the worker's own. */
export function refuse(res: ServerResponse, status: number, message: string): void {
  const body = JSON.stringify({ error: message, code: String(status) });
  res.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    [hopRefusedHeader]: String(status),
  });
  res.end(body);
}
