import type { Server } from 'node:https';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { addApiDocument } from '../api-document/api-document.js';
import { apiPage } from '../api-document/api-page.js';
import type { Config } from '../config/config.js';
import type { Store } from '../db/store.js';
import { addCrossOrigin } from '../gateway/cross-origin.js';
import type { Metrics } from '../metrics/metrics.js';
import { type AuthHookDeps, addAuthHook } from './auth-hook.js';
import { addSecurityHeaders } from './security-headers.js';
import { addHealthRoutes, createHttp } from './server.js';
import { readCertificate, watchCertificate } from './tls.js';

interface HttpDeps extends Omit<Required<AuthHookDeps>, 'publicUrl'> {
  config: Config;
  store: Store;
  log: Logger;
  metrics: Metrics;
  leads: () => boolean;
}

/** The HTTP server with what holds for every route, in the order in which a request passes it; and the routes that are about itself. */
export async function composeHttp(deps: HttpDeps): Promise<{
  http: FastifyInstance;
  tls: ReturnType<typeof watchCertificate> | undefined;
}> {
  const { config, store, log, metrics, leads, authenticator, authorizer, refusals } = deps;
  const { publicUrl, trustedProxies } = config;
  const certificate = config.tls && (await readCertificate(config.tls));
  const http = createHttp(log, { certificate, trustedProxies });
  const tls = config.tls && watchCertificate({ files: config.tls, server: http.server as unknown as Server, log });
  metrics.watch(http);
  addSecurityHeaders(http, publicUrl);
  addCrossOrigin(http);
  addAuthHook(http, { authenticator, authorizer, publicUrl, refusals });
  await addApiDocument(http, publicUrl);
  await http.register(apiPage);
  addHealthRoutes(http, store, leads);
  return { http, tls };
}
