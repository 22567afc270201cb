import { safeNext } from './paths';

interface History {
  replace(path: string): void;
}

/** Goes on to a path of ours. Pages of the OAuth server are not the dashboard's own, so the browser loads them. */
export function goOn(history: History, next: string): void {
  const path = safeNext(next);
  if (/^\/oauth(\/|\?|$)/.test(path)) window.location.replace(path);
  else history.replace(path);
}
