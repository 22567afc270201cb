import type { IncomingMessage } from 'node:http';
import { startBodyLimits } from '@pipecat-cloud/contract/sessions';
import { badRequest, tooLarge } from '../errors.js';

export interface SocketRequest {
  agentName: string;
  organizationName: string;
  token: string | undefined;
  /** For the container, beginning with `?` where there is any: its `body`, base64 of JSON, and whatever else the caller sent. */
  query: string;
}

/** Reads `/ws/generic/{agent}.{org}[/{token}]` or `/ws/generic?serviceHost=` (contract §8.6). Undefined when it is another path. */
export function readSocketRequest(request: Pick<IncomingMessage, 'url' | 'headers'>): SocketRequest | undefined {
  const url = parse(request.url ?? '/');
  const [root, kind, host, pathToken, more] = url.pathname.split('/').filter((segment) => segment !== '');
  if (root !== 'ws' || kind !== 'generic' || more !== undefined) return undefined;
  const serviceHost = host ?? url.searchParams.get('serviceHost') ?? '';
  // Agent names have no dots.
  const dot = serviceHost.indexOf('.');
  if (dot < 1) throw badRequest('Name the agent and its organization: /ws/generic/{agent}.{organization}');
  return {
    agentName: serviceHost.slice(0, dot),
    organizationName: serviceHost.slice(dot + 1),
    token: bearerOf(request.headers.authorization) ?? url.searchParams.get('token') ?? pathToken,
    query: queryFor(url.searchParams),
  };
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
