import { badRequest } from '../errors.js';

/** The address of a region's own front door for sockets, without a slash at its end. Throws 400 for anything but ws(s)://host[:port][/path]. */
export function checkEndpoint(text: string): string {
  const url = URL.parse(text);
  const fine =
    url &&
    /^wss?:$/.test(url.protocol) &&
    !url.username &&
    !url.password &&
    !url.search &&
    !url.hash &&
    !/\s/.test(text);
  if (!fine) throw badRequest('wsPublicEndpoint takes an address such as wss://voice.example.com, without a query');
  return text.replace(/\/+$/, '');
}
