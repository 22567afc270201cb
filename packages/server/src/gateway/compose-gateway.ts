import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { AccessFacts } from '../access/access-facts.js';
import type { Authenticator } from '../access/authenticator.js';
import { createThrottle, type Throttle } from '../access/throttle.js';
import type { DailyRooms } from '../daily/daily-rooms.js';
import { dailyRoutes } from '../daily/daily-routes.js';
import type { DailySettingsService } from '../daily/daily-settings.js';
import { createDialin } from '../daily/dialin.js';
import type { Store } from '../db/store.js';
import type { CallerAddress } from '../http/caller-address.js';
import { createPeriodic } from '../periodic.js';
import type { SecretService } from '../secrets/secret-service.js';
import type { SessionService } from '../sessions/session-service.js';
import type { SessionStarts } from '../sessions/session-starts.js';
import type { SocketTokens } from '../sessions/socket-tokens.js';
import type { Clock, Ids } from '../system.js';
import { createWhatsappWebhook } from '../whatsapp/whatsapp-webhook.js';
import type { HopSigner } from '../workers/hop-signer.js';
import type { WorkerChannel } from '../workers/worker-channel.js';
import type { HandOver } from './hand-over.js';
import { createHandshakes } from './handshakes.js';
import { iceRoutes } from './ice-routes.js';
import type { IceServers } from './ice-servers.js';
import { publicRoutes } from './public-routes.js';
import { createDoorCheck } from './region-door.js';
import { createRequestRelay } from './relay-request.js';
import { createSessionPlaces } from './session-places.js';
import { createSessionSockets } from './session-sockets.js';
import { createSocketGateway } from './sockets.js';
import { addUpgrades } from './upgrade.js';
import { createWebhookAgents } from './webhook-agents.js';
import { webhookRoutes } from './webhook-routes.js';

interface GatewayDeps {
  store: Store;
  clock: Clock;
  ids: Ids;
  log: Logger;
  authenticator: Authenticator;
  facts: AccessFacts;
  throttle: Throttle;
  sessions: SessionService;
  starts: SessionStarts;
  socketTokens: SocketTokens;
  secrets: SecretService;
  workers: WorkerChannel;
  hops: HopSigner;
  iceServers: IceServers;
  rooms: DailyRooms;
  dailySettings: DailySettingsService;
  dailyApiUrl: string;
  addressOf: CallerAddress;
  handOver: HandOver;
}

/** Refused calls of a webhook by one address in a minute, before it has to wait. */
const refusedCalls = { limit: 60, windowSeconds: 60 };
/** All that callers reach an agent by: public routes, sockets, and the webhooks of providers. */
export async function composeGateway(http: FastifyInstance, deps: GatewayDeps) {
  const { store, clock, log, sessions, workers, hops, rooms, dailySettings: settings, authenticator, addressOf } = deps;
  const { handOver } = deps;
  const places = createSessionPlaces({ store, workers, sessions });
  const relay = createRequestRelay({ hops, log });
  const agents = createWebhookAgents(store);
  // By address and webhook: the addresses of a provider are shared by everybody who has numbers there.
  const throttle = createThrottle({ clock, ...refusedCalls });

  await http.register(dailyRoutes, { settings });
  await http.register(iceRoutes, { iceServers: deps.iceServers });
  await http.register(publicRoutes, { facts: deps.facts, sessions, places, relay });
  await http.register(webhookRoutes, {
    dialin: createDialin({ clock, agents, settings, sessions, throttle, apiUrl: deps.dailyApiUrl }),
    whatsapp: createWhatsappWebhook({ ...deps, agents, places, relay, throttle }),
  });
  const sockets = createSocketGateway({
    ...deps,
    checkDoor: createDoorCheck(store),
    handshakes: createHandshakes(),
  });
  const sessionSockets = createSessionSockets({ log, authenticator, places, hops, addressOf, handOver });
  const upgrades = addUpgrades(http.server, { log, sockets, sessionSockets, workers, authenticator, addressOf });

  const sweep = createPeriodic({
    run: rooms.sweep,
    intervalMs: 10_000,
    onError: (err) => log.warn({ err }, 'Daily rooms could not be looked after; it is tried again in a moment'),
  });
  return {
    start: sweep.start,
    async close(): Promise<void> {
      await sweep.close();
      relay.close();
      upgrades.close();
    },
  };
}
