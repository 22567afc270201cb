import type { Principal } from '../access/principal.js';

/** The person and session of a request to a route that only the dashboard's cookie opens. */
export interface OwnSession {
  userId: string;
  sessionId: string;
}
export function ownSessionOf(principal: Principal): OwnSession {
  if (principal.kind !== 'user' || principal.via !== 'session') throw new Error('The route is not for sessions alone');
  return { userId: principal.userId, sessionId: principal.sessionId };
}
