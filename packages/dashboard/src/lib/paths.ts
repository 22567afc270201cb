/** The path to go on with after signing in: one of ours, never another site's. */
export function safeNext(next: unknown): string {
  // A second slash or a backslash would make browsers read a host name.
  return typeof next === 'string' && /^\/(?![/\\])/.test(next) && !next.startsWith('/sign-in') ? next : '/';
}
