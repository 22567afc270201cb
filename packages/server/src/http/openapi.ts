import fastifySwagger from '@fastify/swagger';
import { type CredentialKind, type RouteAccess, routeAccess } from '@pipecat-cloud/contract/permissions';
import type { FastifyInstance } from 'fastify';

const bearerKinds: Partial<Record<CredentialKind, string>> = {
  oauth: 'An access token of auth login: pcc_oat_…',
  personal: 'A personal access token: pcc_pat_…',
  serviceAccount: 'A token of a service account: pcc_pat_sa_…',
  ci: 'A token of one CI job: pcc_pat_ci_…',
  private: 'A private API key: sk_…',
  public: 'A public API key: pk_…',
};

/**
 * The API document, OpenAPI 3.1, made from the schemas of the routes and from the permission table: what each route needs and which
 * credentials it takes stands in it. Register before the routes; `GET /v1/openapi.json` serves it.
 */
export async function addApiDocument(app: FastifyInstance, publicUrl: string): Promise<void> {
  const securitySchemes = Object.fromEntries(
    Object.entries(bearerKinds).map(([kind, description]) => [
      kind,
      { type: 'http' as const, scheme: 'bearer', description },
    ]),
  );
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Pipecat Cloud',
        version: '1',
        description: 'Errors are always {error, code}; see docs/tokens.md',
      },
      servers: [{ url: publicUrl }],
      components: { securitySchemes },
    },
    transform: ({ schema, url, route }) => {
      const [method] = [route.method].flat();
      const access = routeAccess[`${method} ${url}`] ?? routeAccess[`ANY ${url}`];
      const isApi = url.startsWith('/v1/') && !url.startsWith('/v1/workers/') && url !== '/v1/openapi.json';
      const [, , first = 'api', , second] = url.split('/');
      const tag = first === 'organizations' && second ? second : first;
      return {
        schema: { ...schema, hide: !isApi, tags: [tag], ...(access ? describe(access) : {}) },
        url,
      };
    },
  });
  app.get('/v1/openapi.json', async (_request, reply) => {
    void reply.header('cache-control', 'no-cache');
    return (app as FastifyInstance & { swagger(): object }).swagger();
  });
}

function describe({ needs, kinds, role }: RouteAccess) {
  const schemes = kinds.filter((kind) => kind in bearerKinds);
  const what =
    needs === 'anyone' ? 'No credential.' : needs === 'live' ? 'Any live credential of the kinds.' : `Needs ${needs}.`;
  return {
    description: role ? `${what} Only an ${role}.` : what,
    security: schemes.map((kind) => ({ [kind]: [] })),
  };
}
