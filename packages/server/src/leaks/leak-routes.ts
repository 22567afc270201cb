import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import {
  CredentialFormat,
  LeakList,
  LeakQuery,
  RevokeCredentialsBody,
  RevokedCredentials,
} from '@pipecat-cloud/contract/leaks';
import { OrganizationParams } from '@pipecat-cloud/contract/names';
import { actorOfRequest, organizationOf } from '../http/request.js';
import { credentialFormat, formatPage, reportLimitBytes } from './credential-format.js';
import type { LeakDesk } from './leak-desk.js';
import type { LeakService } from './leak-service.js';

interface LeakRoutesDeps {
  desk: LeakDesk;
  leaks: LeakService;
  publicUrl: string;
}

export const leakRoutes: FastifyPluginAsyncTypebox<LeakRoutesDeps> = async (app, { desk, leaks, publicUrl }) => {
  const format = credentialFormat(publicUrl);
  const page = formatPage(format);

  app.post(
    '/v1/credentials/revoke',
    {
      bodyLimit: reportLimitBytes,
      schema: { body: RevokeCredentialsBody, response: { 200: RevokedCredentials, '4xx': ErrorEnvelope } },
    },
    async (request, reply) => {
      void reply.header('cache-control', 'no-store');
      return await desk.report(actorOfRequest(request), request.ip, request.body);
    },
  );

  app.get(
    '/.well-known/pipecat-credentials',
    { schema: { response: { 200: CredentialFormat } } },
    async (request, reply) => {
      void reply.header('cache-control', 'public, max-age=3600').header('vary', 'accept');
      if (!(request.headers.accept ?? '').includes('text/html')) return format;
      return (
        reply
          .header('content-security-policy', "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
          .type('text/html; charset=utf-8')
          // The schema is that of the JSON form; a text passes by it.
          .send(page as never)
      );
    },
  );

  app.get(
    '/v1/organizations/:org/leaks',
    {
      schema: { params: OrganizationParams, querystring: LeakQuery, response: { 200: LeakList, '4xx': ErrorEnvelope } },
    },
    async (request) => await leaks.list(organizationOf(request).id, request.query),
  );
};
