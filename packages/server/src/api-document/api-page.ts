import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyPluginAsync } from 'fastify';

const files = new Set(['swagger-ui.css', 'swagger-ui-bundle.js']);

const headers = {
  // Swagger UI's own style sheet has its icons within it, hence `data:`. Nothing is inline, and nothing comes from elsewhere.
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-cache',
};

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Pipecat Cloud API</title>
<link rel="stylesheet" href="/docs/api/swagger-ui.css">
</head>
<body>
<noscript>The same as JSON: <a href="/openapi.json">/openapi.json</a></noscript>
<main id="api"></main>
<script src="/docs/api/swagger-ui-bundle.js"></script>
<script src="/docs/api/start.js"></script>
</body>
</html>
`;

const start = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#api',
  deepLinking: true,
  docExpansion: 'none',
  filter: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  // Credentials stay in this page's memory, and go nowhere but to this server.
  persistAuthorization: false,
  validatorUrl: null,
});
`;

/**
 * `/docs/api`: the API document for people, drawn by Swagger UI as another package ships it ready, without an install script. Its
 * files are read when a browser asks for them; until then nothing of it is loaded.
 */
export const apiPage: FastifyPluginAsync = async (app) => {
  const folder = dirname(createRequire(import.meta.url).resolve('@fastify/swagger-ui/package.json'));
  await app.register(fastifyStatic, { root: join(folder, 'static'), serve: false, cacheControl: false });
  app.addHook('onRequest', async (_request, reply) => {
    void reply.headers(headers);
  });

  app.get('/docs/api', async (_request, reply) => reply.type('text/html; charset=utf-8').send(page));
  app.get('/docs/api/:file', async (request, reply) => {
    const { file } = request.params as { file: string };
    if (file === 'start.js') return reply.type('text/javascript; charset=utf-8').send(start);
    return files.has(file) ? reply.sendFile(file) : reply.callNotFound();
  });
};
