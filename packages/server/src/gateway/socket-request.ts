import type { IncomingMessage } from 'node:http';
import { startBodyLimits } from '@pipecat-cloud/contract/sessions';
import { badRequest, tooLarge } from '../errors.js';

export interface SocketRequest {
  agentName: string;
  organizationName: string;
  token: string | undefined;
  /** Base64 of JSON, as the container takes it. */
  body: string | undefined;
}

/** Reads `/ws/generic/{agent}.{org}[/{token}]` or `/ws/generic?serviceHost=` (contract §8.6). Undefined when it is another path. */
export function readSocketRequest(request: Pick<IncomingMessage, 'url' | 'headers'>): SocketRequest | undefined {
  const url = new URL(request.url ?? '/', 'http://localhost');
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
    body: readBody(url.searchParams.get('body')),
  };
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
