import type { LogRetention, LogRetentionState } from '@pipecat-cloud/contract/logs';
import type { Logger } from 'pino';
import type { Actor } from '../access/principal.js';
import type { Audit } from '../audit/audit-service.js';
import type { Store } from '../db/store.js';
import { notFound } from '../errors.js';
import { createPeriodic } from '../periodic.js';
import type { Clock } from '../system.js';
import type { LogLimits, LogStore, LogStoreSize } from './log-store.js';

/** What the installation keeps; 0 for no limit. */
export interface LogKeepingConfig {
  days: number;
  agentMegabytes: number;
  totalMegabytes: number;
}

interface LogKeepingDeps {
  config: LogKeepingConfig;
  store: Store;
  logs: LogStore;
  clock: Clock;
  audit: Audit;
  log: Pick<Logger, 'error'>;
}

const dayMs = 24 * 60 * 60 * 1000;
const megabyte = 1024 * 1024;
const intervalMs = 60_000;

/** The smaller of two limits, where 0 and null are none. */
const smaller = (...limits: (number | null)[]) => {
  const set = limits.filter((limit) => limit !== null && limit > 0) as number[];
  return set.length === 0 ? 0 : Math.min(...set);
};

/** How long logs are kept: the installation's limits, each agent's own where they are smaller, and the pruning that holds them. */
export function createLogKeeping({ config, store, logs, clock, audit, log }: LogKeepingDeps) {
  let size: LogStoreSize = { bytes: 0, agents: 0 };

  const limitsOf = (own: LogRetention | undefined): LogLimits => ({
    maxAgeMs: smaller(config.days, own?.days ?? null) * dayMs,
    maxBytes: smaller(config.agentMegabytes, own?.megabytes ?? null) * megabyte,
  });

  async function prune(): Promise<void> {
    const own = await store.logRetention.all();
    size = await logs.prune({
      now: clock.now(),
      limitsOf: (agentId) => limitsOf(own.get(agentId)),
      totalBytes: config.totalMegabytes * megabyte,
    });
  }

  const pruning = createPeriodic({
    run: prune,
    intervalMs,
    onError: (err) => log.error({ err }, 'old log lines could not be removed; trying again in a minute'),
  });

  function present(own: LogRetention | undefined): LogRetentionState {
    const { days = null, megabytes = null } = own ?? {};
    const effective = {
      days: smaller(config.days, days),
      megabytes: smaller(config.agentMegabytes, megabytes),
    };
    return { days, megabytes, effective };
  }

  async function agentIdOf(organizationId: string, name: string): Promise<string> {
    const agent = await store.agents.find(organizationId, name);
    if (!agent) throw notFound('Agent', name);
    return agent.id;
  }

  return {
    async find(organizationId: string, name: string): Promise<LogRetentionState> {
      return present(await store.logRetention.find(organizationId, await agentIdOf(organizationId, name)));
    },

    async put(organizationId: string, name: string, wanted: LogRetention, actor: Actor): Promise<LogRetentionState> {
      const agentId = await agentIdOf(organizationId, name);
      await store.transaction(async (repos) => {
        await repos.logRetention.put(organizationId, agentId, wanted, clock.now());
        await audit.record(repos, actor, {
          action: 'agent.log_retention_changed',
          organizationId,
          target: name,
          detail: { ...wanted },
        });
      });
      pruning.nudge();
      return present(wanted);
    },

    /** What is kept at the moment, as of the last pruning. */
    size: () => size,
    prune,
    nudge: pruning.nudge,
    start: () => pruning.start(),
    close: () => pruning.close(),
  };
}
export type LogKeeping = ReturnType<typeof createLogKeeping>;
