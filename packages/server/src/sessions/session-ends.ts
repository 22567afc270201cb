import { platformCodes } from '@pipecat-cloud/contract/errors';
import type { SessionEndReason } from '@pipecat-cloud/contract/worker';
import type { Repositories, Store } from '../db/store.js';
import type { ReleasedSlot } from '../slots/slot-repository.js';
import type { SpendService } from '../spend/spend-service.js';
import type { Clock } from '../system.js';

/** `start_failed`: no instance accepted it · `start_timeout`: none was ready in time · `start_abandoned`: the caller got no answer because the control plane went down · `instance_lost`: its worker no longer has it. */
export type EndReason = SessionEndReason | 'start_failed' | 'start_timeout' | 'start_abandoned' | 'instance_lost';

const completionStatuses: Readonly<Record<EndReason, string>> = {
  completed: 'HTTP_COMPLETED',
  bot_failed: 'HTTP_ERROR',
  socket_closed: 'WS_CONNECTION_CLOSED',
  connect_timeout: 'BOT_CONNECTION_TIMEOUT',
  instance_exited: 'INSTANCE_EXITED',
  stopped: 'TERMINATED',
  duration_exceeded: 'MAX_DURATION_EXCEEDED',
  start_failed: 'START_FAILED',
  start_timeout: 'START_TIMEOUT',
  start_abandoned: 'START_FAILED',
  instance_lost: 'INSTANCE_EXITED',
};

export interface SessionEnding {
  sessionId: string;
  epoch: number;
  reason: EndReason;
  status?: number | undefined;
  /** How its instance ended, where that ended the session. */
  detail?: string | undefined;
  /** By a worker's clock, perhaps: recorded, charged and counted is a time between its activation and now. */
  at: string;
  /**
   * `settling` waits for the worker's word that the bot is done; `retiring` has the instance removed whatever it does; `quarantined`
   * never offers it again and leaves it to end in its own time; `fenced` does too, and makes void what its worker was told; `ready`
   * and `starting` give back one that was never told of the session.
   */
  slot: ReleasedSlot;
  /** Only from this state: what was read may have moved on meanwhile. */
  from?: 'starting' | 'active';
  /** In the same transaction; also when the session had ended already, because a worker's report may be quicker than who asked for the end. */
  record?: (repos: Repositories) => Promise<void>;
}

interface SessionEndDeps {
  store: Store;
  clock: Clock;
  spend: Pick<SpendService, 'charge'>;
}

/** With its instance, or nobody knows whether: that says nothing of how sessions of its deployment go. */
const endsWithInstance: ReadonlySet<EndReason> = new Set(['instance_exited', 'instance_lost']);

/** The one way by which a session ends. */
export function createSessionEnds({ store, clock, spend }: SessionEndDeps) {
  return {
    /** Ends a session, frees its slot, notes and charges its time in one step, guarded by the epoch. False when it had ended already. */
    async end(ending: SessionEnding): Promise<boolean> {
      const { sessionId, epoch, reason, status, detail, at, slot, from, record } = ending;
      const completionStatus = status !== undefined && status >= 400 ? String(status) : completionStatuses[reason];
      return await store.transaction(async (repos) => {
        await record?.(repos);
        const ended = await repos.sessions.end(
          sessionId,
          epoch,
          { reason, completionStatus, detail, at: notAfter(clock.now(), at), from },
          clock.now(),
        );
        if (!ended && from !== undefined) return false;
        if (ended) {
          await spend.charge(repos, ended);
          const { organizationId, agentId, deploymentId, activatedAt: beganAt, endedAt } = ended;
          if (beganAt) await repos.usageDays.add({ organizationId, agentId, kind: 'session', beganAt, endedAt });
          if (reason === 'instance_exited') {
            const message = detail ?? 'The instance ended in a session';
            await repos.deployments.addSessionCrash(
              deploymentId,
              { code: platformCodes.unknown, message },
              clock.now(),
            );
          }
          if (beganAt && !endsWithInstance.has(reason)) await repos.deployments.clearSessionCrashes(deploymentId);
        }
        // After the deployment, as everyone takes them.
        await repos.slots.release(sessionId, epoch, slot, clock.now());
        return ended !== undefined;
      });
    },
  };
}

/** An end is by a worker's clock, which may be ahead, and in its words, which may be no time. */
function notAfter(now: Date, reported: string): string {
  const at = Date.parse(reported);
  return new Date(Number.isNaN(at) ? now : Math.min(at, now.getTime())).toISOString();
}
export type SessionEnds = ReturnType<typeof createSessionEnds>;
