import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { hopHeader } from '@pipecat-cloud/contract/worker';
import type { Logger } from 'pino';
import { systemActor } from '../access/principal.js';
import type { Throttle } from '../access/throttle.js';
import type { Store } from '../db/store.js';
import { AppError, forbidden, notFound } from '../errors.js';
import type { CallerAddress } from '../http/caller-address.js';
import type { HeldSession, SessionStarts } from '../sessions/session-starts.js';
import type { SocketTokens } from '../sessions/socket-tokens.js';
import type { HopSigner } from '../workers/hop-signer.js';
import type { WorkerChannel } from '../workers/worker-channel.js';
import { readSocketRequest, type SocketRequest } from './socket-request.js';
import { refuseUpgrade } from './upgrade.js';

interface SocketDeps {
  store: Store;
  log: Logger;
  starts: SessionStarts;
  socketTokens: SocketTokens;
  workers: WorkerChannel;
  hops: HopSigner;
  throttle: Throttle;
  addressOf: CallerAddress;
}

/** `/ws/generic/…`: the claim happens while the upgrade is held, and nothing starts before the token is checked. */
export function createSocketGateway(deps: SocketDeps) {
  const { store, log, starts, socketTokens, workers, hops, throttle, addressOf } = deps;

  async function claim(request: SocketRequest, address: string): Promise<HeldSession> {
    const organization = await store.organizations.findByName(request.organizationName);
    const agent = organization && (await store.agents.find(organization.id, request.agentName));
    // Without a credential of the organization, "unknown" and "not for you" must look alike.
    if (!organization || !agent) throw refusedToken();
    const sessionId = agent.websocketAuth === 'none' ? randomUUID() : await redeem(request, organization.id, agent.id);
    if (!agent.liveDeploymentId) throw notFound('Ready deployment of agent', agent.name);
    return await starts.start(agent, {
      sessionId,
      entry: 'socket',
      body: {},
      actor: { ...systemActor, kind: 'nobody', address },
    });
  }

  async function redeem(request: SocketRequest, organizationId: string, agentId: string): Promise<string> {
    const serviceHost = `${request.agentName}.${request.organizationName}`;
    const sessionId =
      request.token && (await socketTokens.use(request.token, { organizationId, agentId, serviceHost }));
    if (!sessionId) throw refusedToken();
    return sessionId;
  }

  /** Replays the head of the request to the worker and joins the two connections, byte for byte. */
  function splice(request: IncomingMessage, client: Socket, head: Buffer, held: HeldSession, query: string): void {
    const dataUrl = workers.dataUrl(held.workerId);
    if (!dataUrl) {
      refuseUpgrade(client, new AppError(503, '503', 'The worker cannot be reached'));
      return;
    }
    const target = new URL(dataUrl);
    const upstream = connect({ host: target.hostname, port: Number(target.port) });
    upstream.setNoDelay(true);
    client.setNoDelay(true);
    upstream.once('connect', () => {
      upstream.write(headOf(request, target.host, `/instances/${held.instanceId}/ws${query}`, hops.sign(held)));
      if (head.length > 0) upstream.write(head);
      upstream.pipe(client);
      client.pipe(upstream);
    });
    const end = () => {
      upstream.destroy();
      client.destroy();
    };
    for (const socket of [upstream, client]) {
      socket.once('close', end);
      socket.on('error', (err) => log.debug({ err, sessionId: held.sessionId }, 'socket ended'));
    }
  }

  return {
    /** True when the upgrade was for this gateway, and is then answered by it. */
    handle(request: IncomingMessage, duplex: Duplex, head: Buffer): boolean {
      const client = duplex as Socket;
      let read: SocketRequest | undefined;
      try {
        read = readSocketRequest(request);
      } catch (error) {
        refuseUpgrade(client, error);
        return true;
      }
      if (!read) return false;
      const address = addressOf(request);
      const { query } = read;
      client.on('error', () => client.destroy());
      void admit(read, address).then(
        (held) => (client.destroyed ? undefined : splice(request, client, head, held, query)),
        (error: unknown) => refuseUpgrade(client, error),
      );
      return true;
    },
  };

  async function admit(read: SocketRequest, address: string): Promise<HeldSession> {
    throttle.check(address);
    try {
      return await claim(read, address);
    } catch (error) {
      if (error instanceof AppError && error.status === 403) throttle.fail(address);
      throw error;
    }
  }
}
export type SocketGateway = ReturnType<typeof createSocketGateway>;

const refusedToken = () =>
  forbidden(
    'unknown_token',
    'This socket needs a token of that agent: one use, 5 minutes, from /start with transport websocket',
  );

/** The client's own WebSocket headers pass; what names the platform or carries the credential does not. */
function headOf(request: IncomingMessage, host: string, path: string, hop: string): string {
  const lines = [`GET ${path} HTTP/1.1`, `Host: ${host}`, `${hopHeader}: ${hop}`];
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    const name = request.rawHeaders[at] as string;
    if (/^(host|authorization|cookie|x-daily-.*|x-pcc-.*|x-pipecat-cloud-.*)$/i.test(name)) continue;
    lines.push(`${name}: ${request.rawHeaders[at + 1]}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}
