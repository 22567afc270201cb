import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { hold } from '@pipecat-cloud/contract/relay-upgrade';
import type { Logger } from 'pino';
import { systemActor } from '../access/principal.js';
import type { Throttle } from '../access/throttle.js';
import type { Agent } from '../agents/agent-repository.js';
import type { Store } from '../db/store.js';
import { AppError, forbidden, notFound, unavailable } from '../errors.js';
import type { CallerAddress } from '../http/caller-address.js';
import type { HeldSession, SessionStarts } from '../sessions/session-starts.js';
import type { SocketTokens } from '../sessions/socket-tokens.js';
import type { HopSigner } from '../workers/hop-signer.js';
import type { WorkerChannel } from '../workers/worker-channel.js';
import { acceptUpgrade, closeSocket, readCallStart, SocketRefused } from './call-handshake.js';
import type { HandOver } from './hand-over.js';
import type { Handshakes } from './handshakes.js';
import type { Place } from './session-places.js';
import { readSocketRequest, type ServiceHost, type SocketRequest } from './socket-request.js';
import {
  isLeft,
  join,
  openWorkerSocket,
  passUpgradeOn,
  refuseTooMuch,
  refuseUpgrade,
  upgradeHeaders,
} from './worker-socket.js';

interface SocketDeps {
  store: Store;
  log: Logger;
  starts: SessionStarts;
  socketTokens: SocketTokens;
  workers: WorkerChannel;
  hops: HopSigner;
  throttle: Throttle;
  addressOf: CallerAddress;
  /** Throws where the agent's region has a front door of its own, and the caller stands before another. */
  checkDoor: (agent: Agent, host: string | undefined) => Promise<void>;
  handshakes: Handshakes;
  handOver: HandOver;
}

/** Who wants what, once it is known. */
interface Wish {
  service: ServiceHost;
  token: string | undefined;
  address: string;
  host: string | undefined;
}

/** `/ws/…`: an instance is claimed while the caller waits, and nothing starts before the token is checked (contract §8.6). */
export function createSocketGateway(deps: SocketDeps) {
  const { store, log, starts, socketTokens, workers, hops, throttle, addressOf, checkDoor, handshakes, handOver } =
    deps;

  async function claim({ service, token, address, host }: Wish): Promise<HeldSession> {
    const organization = await store.organizations.findByName(service.organizationName);
    const agent = organization && (await store.agents.find(organization.id, service.agentName));
    // Without a credential of the organization, "unknown" and "not for you" must look alike.
    if (!organization || !agent) throw refusedToken();
    const serviceHost = `${service.agentName}.${service.organizationName}`;
    const target = { organizationId: organization.id, agentId: agent.id, serviceHost };
    const free = agent.websocketAuth === 'none';
    const sessionId = free ? randomUUID() : token && (await socketTokens.use(token, target));
    if (!sessionId) throw refusedToken();
    try {
      await checkDoor(agent, host);
      if (!agent.liveDeploymentId) throw notFound('Ready deployment of agent', agent.name);
      const actor = { ...systemActor, kind: 'nobody' as const, address };
      return await starts.start(agent, { sessionId, entry: 'socket', body: {}, actor });
    } catch (error) {
      // A full agent has taken nothing: whoever is told to try again can, with the same token.
      if (free || (await socketTokens.giveBack(target, sessionId))) throw error;
      throw withoutToken(error);
    }
  }

  /** Opens the instance's side. Where that fails nobody will come for the session, and its instance is free at once. */
  async function reach(client: Duplex, held: HeldSession, path: string, headers: readonly string[]) {
    const { instanceId, sessionId, epoch, workerId } = held;
    try {
      const dataUrl = workers.dataUrl(workerId);
      if (!dataUrl) throw unavailable('The worker cannot be reached');
      const place: Place = { dataUrl, instanceId, sessionId, epoch };
      return await openWorkerSocket(hops, place, path, headers, handOver.offer(client));
    } catch (error) {
      abandon(held);
      throw error;
    }
  }

  function abandon({ workerId, instanceId, sessionId, epoch }: HeldSession): void {
    workers.command(workerId, { do: 'abandon', instanceId, sessionId, epoch }).catch((err: unknown) => {
      // Its worker ends it by itself when no socket has come in time.
      log.warn({ err, sessionId }, 'a session that nobody came for could not be ended at once');
    });
  }

  /** The agent is known from the address: every refusal is an answer to the upgrade. */
  async function direct(request: IncomingMessage, client: Duplex, head: Buffer, read: SocketRequest, wish: Wish) {
    const waiting = hold(client, head, () => refuseTooMuch(client));
    const held = await claim(wish);
    if (isLeft(client)) return abandon(held);
    const upstream = await reach(client, held, `/ws${read.query}`, upgradeHeaders(request));
    passUpgradeOn(request, client, upstream, waiting);
  }

  /** Twilio says which agent in its third line only, so the socket is accepted first and every refusal is a close code. */
  async function afterStart(
    request: IncomingMessage,
    client: Duplex,
    head: Buffer,
    read: SocketRequest,
    wish: Omit<Wish, 'service'>,
  ) {
    const leave = handshakes.enter(wish.address);
    try {
      acceptUpgrade(request, client);
    } catch (error) {
      leave();
      throw error;
    }
    try {
      const call = await readCallStart(client, head).finally(leave);
      const waiting = hold(client, call.received, () => closeSocket(client, tooMuchSaid));
      const held = await claim({ ...wish, service: call.service, token: wish.token ?? call.token });
      if (isLeft(client)) return abandon(held);
      const { answer, upgraded } = await reach(client, held, `/ws${read.query}`, plainUpgrade());
      if (!upgraded) {
        answer.destroy();
        throw new SocketRefused(4502, `The agent answered the socket with ${answer.statusCode}`);
      }
      join(client, upgraded, upgraded.rest, waiting.release());
    } catch (error) {
      if (!(error instanceof AppError || error instanceof SocketRefused)) log.error({ err: error }, 'a call failed');
      if (error instanceof SocketRefused && error.code === 1006) return void client.destroy();
      closeSocket(client, error instanceof SocketRefused ? error : closeOf(error));
    }
  }

  async function admit(request: IncomingMessage, client: Duplex, head: Buffer, read: SocketRequest): Promise<void> {
    const address = addressOf(request);
    const wish = { token: read.token, address, host: request.headers.host };
    const { service } = read;
    if (!service) return await afterStart(request, client, head, read, wish);
    if (read.kind !== 'generic') return await direct(request, client, head, read, { ...wish, service });
    // Not for calls: a provider's addresses are everybody's, and one wrong number would lock out the others.
    throttle.check(address);
    try {
      await direct(request, client, head, read, { ...wish, service });
    } catch (error) {
      if (error instanceof AppError && error.status === 403) throttle.fail(address);
      throw error;
    }
  }

  return {
    /** True when the upgrade was for this gateway, and is then answered by it. */
    handle(request: IncomingMessage, client: Duplex, head: Buffer): boolean {
      try {
        const read = readSocketRequest(request);
        if (!read) return false;
        admit(request, client, head, read).catch((error: unknown) => {
          if (!(error instanceof AppError)) log.error({ err: error }, 'a socket failed');
          refuseUpgrade(client, error);
        });
      } catch (error) {
        refuseUpgrade(client, error);
      }
      return true;
    },
  };
}
export type SocketGateway = ReturnType<typeof createSocketGateway>;

const refusedToken = () =>
  forbidden(
    'unknown_token',
    'No such agent, or its sockets need a token: one use, 5 minutes, from /start with transport websocket',
  );

/** A start that has failed for what may pass, told to a caller whose token went with it: to try again takes another one. */
function withoutToken(error: unknown): unknown {
  if (!(error instanceof AppError) || error.status < 500) return error;
  const { status, code, message, details } = error;
  const { 'retry-after': _, ...headers } = error.headers;
  const text = `${message.replace(/\.$/, '')}. Its token is used up: /start gives a new one`;
  return new AppError(status, code, text, { details, headers, cause: error });
}

const tooMuchSaid = new SocketRefused(1009, 'Too much was sent before the agent was there');

/** The platform's own close codes are 4000 and the status that an upgrade would have got. */
function closeOf(error: unknown): SocketRefused {
  const { status, message } = error instanceof AppError ? error : { status: 500, message: 'Internal server error' };
  return new SocketRefused(4000 + status, message);
}

function plainUpgrade(): string[] {
  const key = randomBytes(16).toString('base64');
  return ['Connection', 'Upgrade', 'Upgrade', 'websocket', 'Sec-WebSocket-Version', '13', 'Sec-WebSocket-Key', key];
}
