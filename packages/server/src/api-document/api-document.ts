import fastifySwagger from '@fastify/swagger';
import { type Operation, operations } from '@pipecat-cloud/contract/operations';
import { type CredentialKind, type RouteAccess, routeAccess } from '@pipecat-cloud/contract/permissions';
import type { FastifyInstance, FastifySchema } from 'fastify';
import type { ApiDocument } from './document.js';
import { foreignBodies } from './foreign-bodies.js';
import { describeTags, tagOf } from './tags.js';

const credentials: Partial<Record<CredentialKind, string>> = {
  oauth: 'An access token of `auth login`: `pcc_oat_…`',
  personal: 'A personal access token: `pcc_pat_…`',
  serviceAccount: 'A token of a service account: `pcc_pat_sa_…`',
  ci: 'A token of one CI job: `pcc_pat_ci_…`',
  private: 'A private API key: `sk_…`',
  public: 'A public API key: `pk_…`',
};

const about = `Every error is \`{error, code}\`: \`error\` says what happened, why and what to do; \`code\` is what official clients branch on, and
\`reason\`, where it is there, says exactly what was wrong with a credential.

A route that takes no credential says so; each other one names the kinds that it takes and the permission that it needs. Answers carry
\`Pipecat-Request-Id\`, and those to a token \`Pipecat-Token-Id\` and \`Pipecat-Token-Expires-At\`.

The routes between control plane and workers are no part of it.`;

/**
 * The API document, OpenAPI 3.1, made from the schemas of the routes, the permission table and the table of operations. Register before
 * the routes; `GET /openapi.json` serves it. It is put together when it is first asked for.
 */
export async function addApiDocument(app: FastifyInstance, publicUrl: string): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Pipecat Cloud', version: '1', description: about, license: { name: 'Apache-2.0' } },
      servers: [{ url: publicUrl }],
      tags: describeTags(),
      components: { securitySchemes: securitySchemes(publicUrl) },
    },
    transform: ({ schema, url, route }) => {
      const [method = ''] = [route.method].flat();
      const key = [`${method} ${url}`, `ANY ${url}`].find((each) => each in routeAccess);
      const operation = key === undefined ? undefined : operations[key];
      const access = key === undefined ? undefined : routeAccess[key];
      if (!operation || !access) return { schema: { hide: true }, url };
      const isProxy = key?.startsWith('ANY') === true;
      return {
        schema: {
          ...schema,
          ...foreignBodies[key ?? ''],
          ...describeRoute(operation, access, tagOf(url)),
          ...(isProxy ? { operationId: undefined } : {}),
          response: successes(schema),
        } as FastifySchema,
        url: url.replace('/*', '/:path'),
      };
    },
  });

  let text: string | undefined;
  app.get('/openapi.json', async (_request, reply) => {
    if (text === undefined) {
      const { finishDocument } = await import('./finish-document.js');
      const raw: unknown = (app as FastifyInstance & { swagger(): object }).swagger();
      text = JSON.stringify(await finishDocument(JSON.parse(JSON.stringify(raw)) as ApiDocument));
    }
    return reply.header('cache-control', 'no-cache').type('application/json; charset=utf-8').send(text);
  });
}

function describeRoute({ id, summary }: Operation, { needs, kinds, role }: RouteAccess, tag: string) {
  const what =
    needs === 'anyone'
      ? 'Takes no credential.'
      : needs === 'live'
        ? 'Any live credential of these kinds.'
        : `Needs the permission ${needs}.`;
  return {
    operationId: id,
    summary,
    tags: [tag],
    description: role ? `${what} Only an ${role} of the organization.` : what,
    security: kinds.filter((kind) => kind in credentials || kind === 'session').map((kind) => ({ [kind]: [] })),
  };
}

/** Errors are described for all routes alike, in `answers.ts`. */
function successes(schema: FastifySchema | undefined): Record<string, unknown> {
  const all = (schema?.response ?? {}) as Record<string, unknown>;
  return Object.fromEntries(Object.entries(all).filter(([status]) => /^2\d\d$/.test(status)));
}

function securitySchemes(publicUrl: string) {
  const name = publicUrl.startsWith('https:') ? '__Host-pipecat_session' : 'pipecat_session';
  const session = 'A session of the dashboard. Writes need the header `x-pipecat-csrf: 1` and come from its own pages';
  return {
    ...Object.fromEntries(
      Object.entries(credentials).map(([kind, description]) => [
        kind,
        { type: 'http' as const, scheme: 'bearer', description },
      ]),
    ),
    session: { type: 'apiKey' as const, in: 'cookie' as const, name, description: session },
  };
}
