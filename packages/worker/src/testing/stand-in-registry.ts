import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';

export type StandInRegistry = Awaited<ReturnType<typeof startRegistry>>;

interface Stored {
  type: string;
  bytes: Buffer;
}

const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';
const listType = 'application/vnd.docker.distribution.manifest.list.v2+json';
const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/**
 * A registry on loopback, which engines accept without TLS. Serves what was put into it, with `credentials` (user:password) only to those
 * who have them; repositories whose name begins with `limited/` are over their rate, `broken/` fail, and `hanging/` never answer.
 */
export async function startRegistry({ credentials }: { credentials?: string } = {}) {
  const blobs = new Map<string, Stored>();
  const tags = new Map<string, string>();
  /** `authorization` headers seen, by repository. */
  const seen: { path: string; authorization: string | undefined }[] = [];

  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const { authorization } = request.headers;
    seen.push({ path, authorization });
    const [, repository = '', kind, reference = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path) ?? [];
    if (credentials && authorization !== `Basic ${Buffer.from(credentials).toString('base64')}`) {
      response.setHeader('www-authenticate', 'Basic realm="test"');
      return refuse(response, 401, 'UNAUTHORIZED');
    }
    if (path === '/v2/') return refuse(response, 200, '');
    if (repository.startsWith('hanging/')) return;
    if (repository.startsWith('limited/')) return refuse(response, 429, 'TOOMANYREQUESTS');
    if (repository.startsWith('broken/')) return refuse(response, 500, 'UNKNOWN');
    const digest = kind === 'manifests' ? (tags.get(`${repository}:${reference}`) ?? reference) : reference;
    const found = blobs.get(digest);
    if (!found) return refuse(response, 404, kind === 'manifests' ? 'MANIFEST_UNKNOWN' : 'BLOB_UNKNOWN');
    response.setHeader('content-type', found.type).setHeader('docker-content-digest', digest);
    response.setHeader('content-length', found.bytes.length);
    response.end(request.method === 'HEAD' ? undefined : found.bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  function store(bytes: Buffer, type = 'application/octet-stream'): { digest: string; size: number } {
    const digest = digestOf(bytes);
    blobs.set(digest, { type, bytes });
    return { digest, size: bytes.length };
  }

  function putManifest(architecture: string, content: string) {
    const layer = tarOf('content', content);
    const config = {
      architecture,
      os: 'linux',
      config: { Cmd: ['/content'] },
      rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
    };
    return store(
      Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: manifestType,
          config: {
            mediaType: 'application/vnd.docker.container.image.v1+json',
            ...store(Buffer.from(JSON.stringify(config))),
          },
          layers: [{ mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', ...store(gzipSync(layer)) }],
        }),
      ),
      manifestType,
    );
  }

  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    seen,
    /** An image with one file of this content; returns its digest. `list` puts it behind a list of platforms. */
    put(name: string, content: string, { architecture = 'amd64', list = false } = {}): string {
      const made = putManifest(architecture, content);
      const entry = { mediaType: manifestType, ...made, platform: { architecture, os: 'linux' } };
      const { digest } = list
        ? store(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: listType, manifests: [entry] })), listType)
        : made;
      tags.set(name, digest);
      return digest;
    },
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(status === 200 ? '{}' : JSON.stringify({ errors: [{ code, message: `the registry says ${code}` }] }));
}

function tarOf(path: string, text: string): Buffer {
  const body = Buffer.from(text);
  const header = Buffer.alloc(512);
  new Header({ path, type: 'File', size: body.length, mode: 0o755, mtime: new Date(0) }).encode(header);
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512), Buffer.alloc(1024)]);
}
