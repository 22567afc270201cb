import type { Session as WireSession } from '@pipecat-cloud/contract/sessions';
import type { ListedSession } from './session-repository.js';

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
    endDetail: session.endDetail,
    endState: session.endState,
    serviceId: session.agentId,
    organizationId: session.organizationId,
    deploymentId: session.deploymentId,
  };
}
