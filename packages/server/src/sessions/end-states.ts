import type { EndState, SessionDetail } from '@pipecat-cloud/contract/sessions';
import type { EndReason } from './session-ends.js';
import type { Session } from './session-repository.js';

type EndedState = Exclude<EndState, 'active'>;

/** What newer clients call each end of ours (contract §12.1). */
const endStates: Readonly<Record<EndReason, EndedState>> = {
  completed: 'completed',
  socket_closed: 'completed',
  bot_failed: 'agent_error',
  instance_exited: 'agent_error',
  instance_lost: 'agent_error',
  stopped: 'terminated',
  duration_exceeded: 'terminated',
  // The caller never came, so nobody was served.
  connect_timeout: 'ended_before_agent_start',
  start_failed: 'ended_before_agent_start',
  start_abandoned: 'ended_before_agent_start',
  start_timeout: 'agent_start_timeout',
};

/** What an end for that reason is called. `unknown` for the reason of another version of this server. */
export function endStateOf(reason: string): EndedState {
  return endStates[reason as EndReason] ?? 'unknown';
}

/** Whether it has ended before any instance had accepted it, as far as is recorded. */
export function neverBegan({ endReason }: Pick<Session, 'endReason'>): boolean {
  return endReason?.startsWith('start_') === true;
}

/** Reasons that are shown as a state; of `unknown`, those that are not it. */
export function reasonsOf(state: EndedState): { in: readonly string[] } | { notIn: readonly string[] } {
  const reasons = Object.keys(endStates);
  if (state === 'unknown') return { notIn: reasons };
  return { in: reasons.filter((reason) => endStateOf(reason) === state) };
}

/** What happened to a session, in order. Without an arrival no agent ever served the caller. */
export function eventsOf(session: Session): SessionDetail['events'] {
  const { createdAt, activatedAt, endedAt } = session;
  const timedOut = session.endState === 'agent_start_timeout';
  return [
    { eventCode: 'SESSION_START_INITIATED', eventTs: createdAt },
    ...(activatedAt ? [{ eventCode: 'REQUEST_ARRIVED_AT_BOT' as const, eventTs: activatedAt }] : []),
    ...(endedAt
      ? [{ eventCode: timedOut ? ('SESSION_TIMEOUT' as const) : ('SESSION_COMPLETED' as const), eventTs: endedAt }]
      : []),
  ];
}
