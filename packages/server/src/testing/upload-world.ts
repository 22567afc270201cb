import type { UploadUrl } from '@pipecat-cloud/contract/builds';
import Fastify from 'fastify';
import { createBuildService } from '../builds/build-service.js';
import { uploadRoutes } from '../builds/upload-routes.js';
import { createUploadService } from '../builds/upload-service.js';
import type { UploadStore } from '../builds/upload-store.js';
import { handleError } from '../http/error-handler.js';
import { withoutWorkers } from './build-world.js';
import type { TestDatabase } from './databases.js';
import { type FakeClock, openTwoOrganizations } from './two-organizations.js';

const ownUrl = 'http://uploads.invalid';

export interface OpenFiles {
  store: UploadStore;
  /** Objects or files that there are, of whatever kind. */
  count(): Promise<number>;
  end(): Promise<void>;
}

/** Upload and build services on a store of files, and a listening server for forms that go there. */
export async function openUploadWorld(
  database: TestDatabase,
  open: (clock: FakeClock) => Promise<OpenFiles>,
  { unusedLimitBytes }: { unusedLimitBytes?: number } = {},
) {
  const world = await openTwoOrganizations(database);
  const files = await open(world.clock);
  const uploads = createUploadService({
    ...world,
    uploads: files.store,
    signingKey: Buffer.alloc(32, 3),
    publicUrl: ownUrl,
    unusedLimitBytes,
  });
  const builds = createBuildService({ ...world, ...withoutWorkers, files: files.store, uploads });
  const app = Fastify({ forceCloseConnections: true });
  app.setErrorHandler(handleError);
  await app.register(uploadRoutes, { uploads });
  const address = await app.listen({ port: 0, host: '127.0.0.1' });

  /** The form as an official client sends it: the fields in their order, then the file. */
  async function formOf({ uploadUrl, uploadFields }: UploadUrl, bytes: Buffer) {
    const form = new FormData();
    for (const [name, value] of Object.entries(uploadFields)) form.append(name, value);
    form.append('file', new Blob([new Uint8Array(bytes)], { type: 'application/gzip' }), 'context.tar.gz');
    const encoded = new Response(form);
    return {
      url: uploadUrl.replace(ownUrl, address),
      headers: { 'content-type': encoded.headers.get('content-type') ?? '' },
      body: Buffer.from(await encoded.arrayBuffer()),
    };
  }

  return {
    ...world,
    files,
    uploads,
    builds,
    formOf,
    /** Returns the status. */
    async post(place: UploadUrl, bytes: Buffer): Promise<number> {
      const { url, headers, body } = await formOf(place, bytes);
      const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body), redirect: 'manual' });
      await response.arrayBuffer();
      return response.status;
    },
    async end() {
      await app.close();
      await files.end();
      await world.drop();
    },
  };
}
export type UploadWorld = Awaited<ReturnType<typeof openUploadWorld>>;
