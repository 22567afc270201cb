const place = 'pipecat-invitation';

/**
 * The code behind the `#`, which browsers send to no server; kept in this tab while its owner signs in, so that it need not be part
 * of an address on the way.
 */
export function keepInvitation(): string {
  const given = new URLSearchParams(window.location.hash.slice(1)).get('code');
  if (given) window.sessionStorage.setItem(place, given);
  return given ?? window.sessionStorage.getItem(place) ?? '';
}

export function dropInvitation(): void {
  window.sessionStorage.removeItem(place);
}
