import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyPluginAsync, FastifyReply } from 'fastify';

/** Where the dashboard's build stands in the workspace. */
export const dashboardDirectory = fileURLToPath(new URL('../../../dashboard/dist', import.meta.url));

const pageHeaders = {
  // No inline script or style, nothing from elsewhere, no frame around the page.
  'content-security-policy':
    "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  // A page of another site that opens ours, or takes our files into its own, gets no hold of it.
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy':
    'publickey-credentials-get=(self), publickey-credentials-create=(self), clipboard-write=(self), clipboard-read=(self), ' +
    'camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), bluetooth=(), display-capture=()',
};
/** Where one talks to an agent: the only page that may ask for the microphone, and open sockets to front doors of regions. */
const tryPath = /^orgs\/[^/]+\/agents\/[^/]+\/try$/;
const tryHeaders = {
  'content-security-policy': `${pageHeaders['content-security-policy']}; connect-src 'self' wss:`,
  'permissions-policy': pageHeaders['permissions-policy'].replace('microphone=()', 'microphone=(self)'),
};
/** The consent page alone of what is below `/oauth` is a page. */
const apiPath = /^(v1|auth|ws|oauth(?!\/consent$)|\.well-known)(\/|$)/;

/**
 * The dashboard's files. Its own routes are known to the page alone, so navigation to any other path gets the page; paths of the API
 * and requests that want no HTML stay the API's 404.
 */
export const dashboard: FastifyPluginAsync<{ directory?: string }> = async (
  app,
  { directory = dashboardDirectory },
) => {
  const built = existsSync(`${directory}/index.html`);
  // Only decorates replies with `sendFile`, which never leaves the directory; the routes below decide what is sent.
  await app.register(fastifyStatic, {
    root: directory,
    serve: false,
    // The build puts compressed twins beside the files in `assets`.
    preCompressed: true,
    cacheControl: false,
    dotfiles: 'ignore',
    suppressWarning: !built,
  });
  const filesIn = (folder: string) =>
    existsSync(folder)
      ? readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? entry.name : []))
      : [];
  const topFiles = new Set(filesIn(directory));
  const assets = new Set(
    filesIn(`${directory}/assets`).flatMap((name) => (/\.(br|gz)$/.test(name) ? [] : `assets/${name}`)),
  );

  app.addHook('onRequest', async (_request, reply) => {
    void reply.headers(pageHeaders);
  });

  const page = (reply: FastifyReply) => {
    if (built) return reply.header('cache-control', 'no-store').sendFile('index.html');
    const text = 'The dashboard is not built. Run: npm run build\n';
    return reply.status(503).header('cache-control', 'no-store').type('text/plain; charset=utf-8').send(text);
  };

  app.get('/', async (_request, reply) => await page(reply));

  app.get('/*', async (request, reply) => {
    const path = (request.params as { '*': string })['*'];
    // Vite puts a hash of the content into these names.
    if (assets.has(path)) {
      return await reply.header('cache-control', 'public, max-age=31536000, immutable').sendFile(path);
    }
    if (path !== 'index.html' && topFiles.has(path))
      return await reply.header('cache-control', 'no-cache').sendFile(path);
    const wantsPage = !apiPath.test(path) && (request.headers.accept ?? '').includes('text/html');
    if (!wantsPage) return reply.callNotFound();
    return await page(tryPath.test(path) ? reply.headers(tryHeaders) : reply);
  });
};
