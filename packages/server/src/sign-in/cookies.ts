/** What this server sets is 40 hex digits; anything else in a `Cookie` header is not ours. */
const ours = /^[0-9a-f]{40}$/;

/**
 * A cookie of ours: not for scripts, not for requests that other sites start, and over TLS bound to this very host. `Lax` and not
 * `Strict`: the way back from an outside provider is a navigation that another site starts.
 */
export function createCookie(publicUrl: string, bareName: string) {
  const secure = publicUrl.startsWith('https:');
  // The prefix makes browsers refuse the cookie from a sub-domain or without TLS; they take it over https only.
  const name = secure ? `__Host-${bareName}` : bareName;
  return {
    /** The value of a `Set-Cookie` header. */
    set: (value: string, maxAgeSeconds: number) =>
      `${name}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${maxAgeSeconds}${secure ? '; Secure' : ''}`,
    /** The value out of a `Cookie` header; undefined unless it has the shape that we make. */
    read(cookieHeader: string | undefined): string | undefined {
      for (const pair of (cookieHeader ?? '').split(';')) {
        const [key, value] = pair.trim().split('=', 2);
        if (key === name && value && ours.test(value)) return value;
      }
      return undefined;
    },
  };
}
export type Cookie = ReturnType<typeof createCookie>;
