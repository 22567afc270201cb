import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';

/** Serves pages on an origin of its own, each with its script built from what npm installed in `packages`. */
export async function servePages(packages: string) {
  const files = new Map<string, { type: string; text: string }>();
  const server = createServer((request, response) => {
    const file = files.get(request.url ?? '');
    if (!file) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': file.type }).end(file.text);
  }).listen(0, 'localhost');
  await once(server, 'listening');
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;

  return {
    origin,
    /** Resolves to the page's address. */
    async add(name: string, html: string, script: string): Promise<string> {
      const { outputFiles } = await build({
        stdin: { contents: script, resolveDir: packages, sourcefile: `${name}.js` },
        bundle: true,
        format: 'esm',
        target: 'es2022',
        write: false,
        logLevel: 'silent',
      });
      const text = `<!doctype html><meta charset="utf-8">${html}<script type="module" src="/${name}.js"></script>`;
      files.set(`/${name}.js`, { type: 'text/javascript; charset=utf-8', text: outputFiles[0]?.text ?? '' });
      files.set(`/${name}`, { type: 'text/html; charset=utf-8', text });
      return `${origin}/${name}`;
    },
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
export type Pages = Awaited<ReturnType<typeof servePages>>;
