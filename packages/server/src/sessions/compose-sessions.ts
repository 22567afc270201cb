import type { Logger } from 'pino';
import type { Agent } from '../agents/agent-repository.js';
import type { Audit } from '../audit/audit-service.js';
import type { Config } from '../config/config.js';
import type { Keys } from '../config/keys.js';
import { createDailyClient } from '../daily/daily-client.js';
import { createDailyRooms } from '../daily/daily-rooms.js';
import { createDailySettings } from '../daily/daily-settings.js';
import type { Store } from '../db/store.js';
import { createIceServers } from '../gateway/ice-servers.js';
import type { Metrics } from '../metrics/metrics.js';
import type { DemandBook } from '../pool/demand-book.js';
import type { Regions } from '../regions/regions.js';
import type { SecretBox } from '../secrets/secret-box.js';
import type { SpendService } from '../spend/spend-service.js';
import type { Clock, Ids } from '../system.js';
import type { WorkerChannel } from '../workers/worker-channel.js';
import type { SessionEnds } from './session-ends.js';
import { createSessionService } from './session-service.js';
import { createSessionStarts } from './session-starts.js';
import type { SessionTraces } from './session-traces.js';
import type { SessionUsage } from './session-usage.js';
import { createSocketTokens } from './socket-tokens.js';
import { createStartOnce } from './start-once.js';

interface SessionsDeps {
  config: Config;
  keys: Keys;
  store: Store;
  clock: Clock;
  ids: Ids;
  log: Logger;
  audit: Audit;
  box: SecretBox;
  metrics: Metrics;
  regions: Regions;
  workers: WorkerChannel;
  ends: SessionEnds;
  spend: SpendService;
  demand: DemandBook;
  usage: SessionUsage;
  traces: SessionTraces;
  nudge: () => void;
}

/** How sessions begin, where they are held, and what is told of them. */
export function composeSessions(deps: SessionsDeps) {
  const { config, keys, store, clock, ids, log, audit, box, metrics, regions } = deps;
  const { scopeOf } = regions;
  const starts = metrics.countStarts(createSessionStarts({ ...deps, scopeOf }));
  const socketTokens = createSocketTokens({ store, clock, ids, key: keys.signing });
  const daily = createDailyClient(config.daily.apiUrl);
  const dailySettings = createDailySettings({ store, clock, audit, box, daily, config: config.daily });
  const rooms = createDailyRooms({ store, clock, log, daily, settings: dailySettings });
  const iceServers = createIceServers(config.ice, clock);
  const socketUrlOf = async ({ organizationId, region }: Agent) =>
    (await regions.find(organizationId, region))?.wsPublicEndpoint ?? config.publicUrl.replace(/^http/, 'ws');
  const once = createStartOnce({ store, clock });
  const sessions = createSessionService({ ...deps, starts, once, socketUrlOf, socketTokens, iceServers, rooms });
  return { starts, sessions, socketTokens, dailySettings, rooms, iceServers };
}
