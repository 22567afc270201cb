import type { FastifyReply, FastifyRequest } from 'fastify';

/** Says in the header that is made for it (RFC 8288) where the next page is, so that any client can walk a list. */
export function linkNextPage(
  request: FastifyRequest,
  reply: FastifyReply,
  { limit, offset }: { limit: number; offset: number },
  hasMore: boolean,
): void {
  if (!hasMore) return;
  const [path = '', query = ''] = request.url.split('?');
  const next = new URLSearchParams(query);
  next.set('limit', String(limit));
  next.set('offset', String(offset + limit));
  void reply.header('link', `<${path}?${next}>; rel="next"`);
}
