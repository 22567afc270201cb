import { isIP } from 'node:net';
import { classOf } from '../http/address-class.js';

export interface SmtpServer {
  host: string;
  port: number;
  /** TLS from the first byte (smtps). */
  tls: boolean;
  /** On this machine: mail goes there without TLS, since certificates of local mail servers name nobody. */
  loopback: boolean;
  user: string | undefined;
  password: string | undefined;
}
/** What mails come from. */
export interface Sender {
  name: string;
  address: string;
}

const wanted = 'smtp://user:password@host:port or smtps://…, with user and password percent-encoded';

/** The server, or what is wrong; that never repeats a part of the URL. */
export function parseSmtpUrl(text: string): SmtpServer | string {
  if (!URL.canParse(text)) return wanted;
  const url = new URL(text);
  const tls = url.protocol === 'smtps:';
  if ((!tls && url.protocol !== 'smtp:') || !url.hostname) return wanted;
  if ((url.pathname !== '' && url.pathname !== '/') || url.search || url.hash)
    return `${wanted}; nothing after the port`;
  if (Boolean(url.username) !== Boolean(url.password)) return `${wanted}; a user needs a password`;
  const [user, password] = [decode(url.username), decode(url.password)];
  if (user === undefined || password === undefined) return wanted;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return {
    host,
    port: url.port ? Number(url.port) : tls ? 465 : 587,
    tls,
    loopback: host === 'localhost' || (isIP(host) !== 0 && isLoopback(host)),
    user: user || undefined,
    password: password || undefined,
  };
}

/** `address` or `Name <address>`; undefined when it is neither. */
export function parseSender(text: string): Sender | undefined {
  const {
    name = '',
    address,
    bare,
  } = /^(?:(?<name>[^<>"\p{C}]{0,100}?)\s*<(?<address>[^<>]+)>|(?<bare>[^<>]+))$/u.exec(text)?.groups ?? {};
  const found = address ?? bare;
  return found !== undefined && isMailAddress(found) ? { name: name.trim(), address: found } : undefined;
}

/** One address and nothing that a mail program would read as a second one, a name or a new line. */
export function isMailAddress(text: string): boolean {
  return text.length <= 254 && /^[^\s@,;:<>()[\]"\\\p{C}]+@[^\s@,;:<>()[\]"\\\p{C}]+$/u.test(text);
}

function isLoopback(address: string): boolean {
  return classOf(address) === 'private' && (address === '::1' || address.startsWith('127.'));
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
