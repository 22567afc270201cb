import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Provider } from 'oidc-provider';

/**
 * The request as the OAuth library is to see it: on the issuer's address, whatever `Host` and forwarding headers said, from the address
 * that this server has settled on, with the body that was read already.
 */
export function toProviderRequest(request: FastifyRequest, issuer: string): IncomingMessage {
  const { host, protocol } = new URL(issuer);
  const { forwarded: _, ...headers } = request.raw.headers;
  const body = Buffer.isBuffer(request.body) ? request.body : undefined;
  const seen = Object.assign(Readable.from(body ? [body] : []), {
    method: request.method,
    url: request.raw.url,
    httpVersion: request.raw.httpVersion,
    socket: request.raw.socket,
    headers: {
      ...headers,
      host,
      'x-forwarded-host': host,
      'x-forwarded-proto': protocol.slice(0, -1),
      'x-forwarded-for': request.ip,
    },
  });
  return seen as unknown as IncomingMessage;
}

const pageHeaders = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
};

/** Lets the library answer. */
export async function answerByProvider(
  provider: Provider,
  request: FastifyRequest,
  reply: FastifyReply,
  issuer: string,
): Promise<void> {
  const raw: ServerResponse = reply.raw;
  for (const [name, value] of Object.entries({ ...reply.getHeaders(), ...pageHeaders })) {
    if (value !== undefined) raw.setHeader(name, value as string);
  }
  reply.hijack();
  await provider.callback()(toProviderRequest(request, issuer), raw);
}
