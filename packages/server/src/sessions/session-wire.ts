import type { ResourceMetrics, Session as WireSession } from '@pipecat-cloud/contract/sessions';
import type { UsageSample } from '@pipecat-cloud/contract/worker';
import { presentEndState } from './end-states.js';
import type { ListedSession, Session } from './session-repository.js';

/** A session as clients of every route read it (contract §12.1). */
export function presentSession(session: ListedSession): WireSession {
  return {
    sessionId: session.id,
    state: session.state,
    createdAt: session.createdAt,
    updatedAt: session.updatedAt,
    endedAt: session.endedAt,
    botStartSeconds: session.startMs === null ? null : Math.round(session.startMs / 1000),
    coldStart: session.coldStart,
    completionStatus: session.completionStatus,
    endReason: session.endReason,
    endState: presentEndState(session),
    serviceId: session.agentId,
    organizationId: session.organizationId,
    deploymentId: session.deploymentId,
  };
}

/** What its instance used meanwhile (contract §12.2); nothing where it was over before the first sample. */
export function presentUsage(session: Session, samples: readonly UsageSample[]): ResourceMetrics | null {
  const [last] = samples.slice(-1);
  if (!last) return null;
  const cpu = samples.map(({ c }) => c).sort((a, b) => a - b);
  const memory = samples.map(({ m }) => m).sort((a, b) => a - b);
  const at = new Date(last.t * 1000).toISOString();
  return {
    id: session.id,
    sessionId: session.id,
    sampleCount: samples.length,
    cpuMillicoresP50: percentile(cpu, 0.5),
    cpuMillicoresP90: percentile(cpu, 0.9),
    cpuMillicoresP95: percentile(cpu, 0.95),
    cpuMillicoresP99: percentile(cpu, 0.99),
    memoryBytesP50: percentile(memory, 0.5),
    memoryBytesP90: percentile(memory, 0.9),
    memoryBytesP95: percentile(memory, 0.95),
    memoryBytesP99: percentile(memory, 0.99),
    timeseries: [...samples],
    eventTs: at,
    createdAt: at,
  };
}

/** Nearest rank, on sorted values. */
function percentile(sorted: readonly number[], of: number): number {
  return Math.round(sorted[Math.max(0, Math.ceil(of * sorted.length) - 1)] ?? 0);
}
