import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Store } from '../db/store.js';
import { createPeriodic } from '../periodic.js';
import type { Clock } from '../system.js';
import { createAuditReader } from './audit-reader.js';
import { auditRoutes } from './audit-routes.js';
import type { Audit } from './audit-service.js';
import { createRefusalLog } from './refusal-log.js';
import { createAuditRetention } from './retention.js';

interface ComposeAuditDeps {
  store: Store;
  clock: Clock;
  audit: Audit;
  log: Logger;
  /** Of records; 0 keeps them for ever. */
  days: number;
}

/** All of the audit log that is not the recording itself: refusals, retention, routes. */
export function composeAudit({ store, clock, audit, log, days }: ComposeAuditDeps) {
  const refusals = createRefusalLog({ store, clock, audit, log });
  const retention = createAuditRetention({ store, clock, audit, log, days });
  const pruning = createPeriodic({
    run: retention.prune,
    intervalMs: 60 * 60 * 1000,
    onError: (err) => log.warn({ err }, 'old audit records could not be removed; it is tried again in an hour'),
  });
  pruning.start();

  return {
    refusals,
    registerRoutes: async (http: FastifyInstance): Promise<void> => {
      await http.register(auditRoutes, { audit: createAuditReader(store) });
    },
    async close(): Promise<void> {
      await pruning.close();
      await refusals.close();
    },
  };
}
