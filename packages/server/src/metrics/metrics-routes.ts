import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Registry } from 'prom-client';
import { unauthorized } from '../errors.js';

interface MetricsRoutesDeps {
  register: Registry;
  /** File with the token that a scraper shows; read anew each time, so that it can be replaced. */
  tokenFile: string;
}

/** `GET /metrics` for Prometheus, with a token that opens nothing else. */
export const metricsRoutes: FastifyPluginAsyncTypebox<MetricsRoutesDeps> = async (app, { register, tokenFile }) => {
  app.get('/metrics', async (request, reply) => {
    const given = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const wanted = await readFile(tokenFile, 'utf8').then(
      (text) => text.trim(),
      () => '',
    );
    if (given === undefined || wanted === '' || !timingSafeEqual(digest(given), digest(wanted)))
      throw unauthorized(
        given === undefined ? 'no_credential' : 'unknown_token',
        'The metrics need the token in the file metrics-token of the data folder, as bearer',
      );
    return reply
      .header('cache-control', 'no-store')
      .type(register.contentType)
      .send(await register.metrics());
  });
};

const digest = (text: string) => createHash('sha256').update(text).digest();
