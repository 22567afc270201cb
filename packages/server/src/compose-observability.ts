import { randomBytes } from 'node:crypto';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from '@pipecat-cloud/contract/worker';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Authorizer } from './access/authorize.js';
import type { Audit } from './audit/audit-service.js';
import type { Config } from './config/config.js';
import { writePrivateFile } from './config/private-file.js';
import type { Store } from './db/store.js';
import { createInstallationHealth } from './installation/installation-health.js';
import { createInstallationReader } from './installation/installation-reader.js';
import { installationRoutes } from './installation/installation-routes.js';
import { composeLogExports } from './logs/export/compose-log-exports.js';
import { createLogFollowers } from './logs/log-followers.js';
import { createLogKeeping } from './logs/log-keeping.js';
import { logRetentionRoutes } from './logs/log-retention-routes.js';
import type { LogFollowDeps } from './logs/log-routes.js';
import type { LogStore } from './logs/log-store.js';
import { addInstallationMetrics } from './metrics/installation-metrics.js';
import type { Metrics } from './metrics/metrics.js';
import { metricsRoutes } from './metrics/metrics-routes.js';
import { createPeriodic } from './periodic.js';
import { createSessionHistory } from './sessions/session-history.js';
import { createSessionTraces } from './sessions/session-traces.js';
import { createSessionUsage } from './sessions/session-usage.js';
import type { Clock } from './system.js';
import { createUsageReport } from './usage/usage-report.js';
import { createUsageRollup } from './usage/usage-rollup.js';
import { usageRoutes } from './usage/usage-routes.js';
import { isUuid } from './uuid.js';
import type { WorkerChannel } from './workers/worker-channel.js';

interface ObservabilityDeps {
  config: Config;
  store: Store;
  clock: Clock;
  log: Logger;
  audit: Audit;
  metrics: Metrics;
  workers: WorkerChannel;
  logs: LogStore;
  removeLogs: (agentId: string) => Promise<void>;
  installationId: string;
}

type AppendLogs = (report: Extract<Report, { type: 'logs' }>) => Promise<void>;

const historyMs = 60_000;
const oldSessionsMs = 60 * 60 * 1000;

/** What tells how agents and the installation are: logs and how long they are kept, usage, traces, metrics, health. */
export function composeObservability(deps: ObservabilityDeps) {
  const { config, store, clock, log, audit, metrics, workers, logs, removeLogs, installationId } = deps;
  const usage = createSessionUsage({ store, clock, log });
  const rollup = createUsageRollup({ store, clock, log, days: config.usageDays });
  const traces = createSessionTraces({ store, clock, log, workers });
  const keeping = createLogKeeping({ config: config.logs, store, logs, clock, audit, log });
  const followers = createLogFollowers();
  const exports = composeLogExports({
    ...{ config, store, logs, log, register: metrics.register, leads: workers.leads },
  });
  const reader = createInstallationReader({ store, dataDirectory: config.dataDirectory });
  addInstallationMetrics(metrics.register, { reader, workers, keeping, followers });
  const history = createSessionHistory({
    ...{ store, clock, days: config.sessionDays },
    ...{ logAgents: logs.agents, removeLogs },
  });
  const closing = new AbortController();
  const removing = createPeriodic({
    run: async () => {
      if (!workers.leads()) return;
      await history.removeDeleted(closing.signal);
      await history.removeStrayLogs();
    },
    intervalMs: historyMs,
    onError: (err) => log.warn({ err }, 'what deleted agents left behind could not be removed; trying again'),
  });

  const removingOld = createPeriodic({
    run: async () => {
      if (workers.leads()) await history.removeOld(closing.signal);
    },
    intervalMs: oldSessionsMs,
    onError: (err) => log.warn({ err }, 'sessions that ended long ago could not be removed; trying again in an hour'),
  });

  const following: Pick<LogFollowDeps, 'followers' | 'hasEnded'> = {
    followers,
    async hasEnded(organizationId, agentId, sessionId) {
      const session = isUuid(sessionId) ? await store.sessions.find(organizationId, agentId, sessionId) : undefined;
      return session && session.state === 'ended';
    },
  };

  return {
    usage,
    traces,
    following,
    keeping,

    /** The same, counted. */
    countedLogs:
      (append: AppendLogs): AppendLogs =>
      async (report) => {
        await append(report).catch((error: unknown) => {
          metrics.logFailures.inc();
          // Old parts are in the way of new ones: what the limits leave out goes at once.
          if ((error as Error).name === 'LogDiskFull') keeping.nudge();
          throw error;
        });
        metrics.logLines.inc(report.lines.length);
      },

    async register(http: FastifyInstance, authorizer: Authorizer): Promise<void> {
      const tokenFile = join(config.dataDirectory, 'metrics-token');
      if (!(await exists(tokenFile))) await writePrivateFile(tokenFile, `${randomBytes(32).toString('base64url')}\n`);
      await http.register(metricsRoutes, { register: metrics.register, tokenFile });
      await http.register(logRetentionRoutes, { keeping });
      const usageOf = createUsageReport({ store, clock, centsPerMinute: config.sessionMinuteCents });
      await http.register(usageRoutes, { usageOf });
      const health = createInstallationHealth({
        ...{ config, installationId, store, clock, reader, workers, keeping, authorizer },
        warnings: exports.warnings,
      });
      await http.register(installationRoutes, { health });
    },

    start(): void {
      usage.start();
      rollup.start();
      traces.start();
    },

    /**
     * This control plane runs the agents from now on, whoever did before: it looks after their logs, and after what they leave
     * behind.
     */
    lead(): void {
      // Another one may have gone while this one closes.
      if (closing.signal.aborted) return;
      keeping.start();
      exports.lead();
      removing.start();
      removingOld.start();
    },

    /** Another one runs them. */
    standBy: exports.standBy,

    async close(): Promise<void> {
      closing.abort();
      await removing.close();
      await removingOld.close();
      await exports.close();
      await keeping.close();
      await traces.close();
      await rollup.close();
      await usage.close();
    },
  };
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
