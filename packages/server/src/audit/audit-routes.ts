import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { AuditList, AuditQuery, AuditRange, AuditVerification } from '@pipecat-cloud/contract/audit';
import { ErrorEnvelope } from '@pipecat-cloud/contract/errors';
import { OrganizationParams } from '@pipecat-cloud/contract/names';
import { organizationOf } from '../http/request.js';
import type { AuditReader } from './audit-reader.js';

export const auditRoutes: FastifyPluginAsyncTypebox<{ audit: AuditReader }> = async (app, { audit }) => {
  app.get(
    '/v1/organizations/:org/audit',
    {
      schema: {
        params: OrganizationParams,
        querystring: AuditQuery,
        response: { 200: AuditList, '4xx': ErrorEnvelope },
      },
    },
    async (request) => await audit.list(organizationOf(request).id, request.query),
  );

  app.get(
    '/v1/organizations/:org/audit/export',
    { schema: { params: OrganizationParams, querystring: AuditRange } },
    async (request, reply) => {
      const { id, name } = organizationOf(request);
      const lines = await audit.export(id, request.query);
      return reply
        .type('application/x-ndjson; charset=utf-8')
        .header('cache-control', 'no-store')
        .header('content-disposition', `attachment; filename="audit-${name}.jsonl"`)
        .send(Readable.from(lines));
    },
  );

  app.get(
    '/v1/organizations/:org/audit/verify',
    { schema: { params: OrganizationParams, response: { 200: AuditVerification, '4xx': ErrorEnvelope } } },
    async (request) => await audit.verify(organizationOf(request).id),
  );
};
