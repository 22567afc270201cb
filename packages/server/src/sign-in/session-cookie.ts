/** How long a dashboard session lives; it is not prolonged by use. */
export const sessionHours = 12;

/** The cookie that carries a dashboard session: not for scripts, not for requests that other sites start, and over TLS only where we have it. */
export function createSessionCookie(publicUrl: string) {
  const secure = publicUrl.startsWith('https:');
  // The prefix makes browsers refuse the cookie from a sub-domain or without TLS; they take it over https only.
  const name = secure ? '__Host-pipecat_session' : 'pipecat_session';
  const header = (value: string, maxAgeSeconds: number) =>
    `${name}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAgeSeconds}${secure ? '; Secure' : ''}`;

  return {
    /** The value of a `Set-Cookie` header. */
    set: (value: string) => header(value, sessionHours * 3600),
    clear: () => header('', 0),
    /** The session's value out of a `Cookie` header; undefined unless it has the shape that we make. */
    read(cookieHeader: string | undefined): string | undefined {
      for (const pair of (cookieHeader ?? '').split(';')) {
        const [key, value] = pair.trim().split('=', 2);
        if (key === name && value && /^[0-9a-f]{40}$/.test(value)) return value;
      }
      return undefined;
    },
  };
}
export type SessionCookie = ReturnType<typeof createSessionCookie>;
