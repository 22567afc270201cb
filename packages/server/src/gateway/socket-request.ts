import type { IncomingMessage } from 'node:http';
import { startBodyLimits } from '@pipecat-cloud/contract/sessions';
import { badRequest, tooLarge } from '../errors.js';

export const socketKinds = ['generic', 'twilio', 'telnyx', 'plivo', 'exotel'] as const;
export type SocketKind = (typeof socketKinds)[number];

/** `{agent}.{organization}`, taken apart. */
export interface ServiceHost {
  agentName: string;
  organizationName: string;
}

export interface SocketRequest {
  kind: SocketKind;
  /** Undefined only for Twilio, which names it in its start message. */
  service: ServiceHost | undefined;
  token: string | undefined;
  /** For the container, beginning with `?` where there is any: its `body`, base64 of JSON, and whatever else the caller sent. */
  query: string;
}

/**
 * Reads `/ws/generic/{agent}.{org}[/{token}]` and `/ws/{generic|twilio|telnyx|plivo|exotel}[/{token}]?serviceHost=` (contract §8.6).
 * Undefined when it is another path; throws 400 where no agent is named that must be.
 */
export function readSocketRequest(request: Pick<IncomingMessage, 'url' | 'headers'>): SocketRequest | undefined {
  const url = parse(request.url ?? '/');
  const [root, name, ...more] = url.pathname.split('/').filter((segment) => segment !== '');
  const kind = socketKinds.find((each) => each === name);
  if (root !== 'ws' || !kind || more.length > (kind === 'generic' ? 2 : 1)) return undefined;
  const inPath = kind === 'generic' ? more.shift() : undefined;
  const host = inPath ?? url.searchParams.get('serviceHost');
  if (host === null && kind !== 'twilio') throw badRequest(`Name the agent and its organization: ${exampleOf(kind)}`);
  return {
    kind,
    service: host === null ? undefined : readServiceHost(host, kind),
    token: bearerOf(request.headers.authorization) ?? url.searchParams.get('token') ?? more[0],
    query: queryFor(url.searchParams),
  };
}

const exampleOf = (kind: SocketKind) =>
  kind === 'generic' ? '/ws/generic/{agent}.{organization}' : `/ws/${kind}?serviceHost={agent}.{organization}`;

/** Agent names have no dots, so the first one parts the two. Throws 400. */
export function readServiceHost(text: string, kind: SocketKind): ServiceHost {
  const dot = text.indexOf('.');
  if (dot < 1 || dot === text.length - 1 || text.length > 200)
    throw badRequest(`'${text.slice(0, 200)}' does not name an agent and its organization: ${exampleOf(kind)}`);
  return { agentName: text.slice(0, dot), organizationName: text.slice(dot + 1) };
}

function parse(target: string): URL {
  const url = URL.parse(target, 'http://localhost');
  if (!url) throw badRequest('The path of the request is not valid');
  return url;
}

/** What selects and opens the session stays here (contract §8.6.3). */
function queryFor(parameters: URLSearchParams): string {
  const passed = [...parameters].filter(([name]) => !['token', 'serviceHost', 'body'].includes(name));
  const body = readBody(parameters.get('body'));
  if (body !== undefined) passed.unshift(['body', body]);
  const text = passed.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
  return text && `?${text}`;
}

function bearerOf(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^Bearer +(\S+)$/i.exec(header)?.[1];
}

/** Clients append base64 raw, so its `+` arrives as a space (contract §8.6.3). */
function readBody(value: string | null): string | undefined {
  if (value === null || value === '') return undefined;
  const repaired = value.replaceAll(' ', '+');
  const decoded = Buffer.from(repaired, 'base64');
  if (decoded.length > startBodyLimits.websocket)
    throw tooLarge(`body has ${decoded.length} bytes; at most ${startBodyLimits.websocket} are taken`);
  return repaired;
}
