/** Only to take a path apart; nothing is ever sent there. */
const nowhere = 'http://localhost';

/**
 * The path to go on with: one of this server's own pages, never another site's. Whatever a browser could read as another host
 * (`//host`, `/\host`, tabs and line ends that it drops) leads to the overview.
 */
export function localPath(next: string | undefined | null): string {
  if (!next || next.length > 500 || !/^\/(?![/\\])[\x21-\x7e]*$/.test(next) || next.includes('\\')) return '/';
  if (!URL.canParse(next, nowhere)) return '/';
  const url = new URL(next, nowhere);
  // Dots may fold into a second slash at the front: "/.//host".
  if (url.origin !== nowhere || url.pathname.startsWith('//')) return '/';
  return /^\/(auth|v1|sign-in)(\/|$)/.test(url.pathname) ? '/' : url.pathname + url.search + url.hash;
}
