import { createCookie } from './cookies.js';

/** How long a dashboard session lives at most; it is not prolonged by use, and ends earlier when nobody uses it. */
export const sessionHours = 12;

/** The cookie that carries a dashboard session. */
export function createSessionCookie(publicUrl: string) {
  const cookie = createCookie(publicUrl, 'pipecat_session');
  return {
    /** The value of a `Set-Cookie` header. */
    set: (value: string, maxAgeSeconds: number = sessionHours * 3600) => cookie.set(value, maxAgeSeconds),
    clear: () => cookie.set('', 0),
    read: cookie.read,
  };
}
export type SessionCookie = ReturnType<typeof createSessionCookie>;
