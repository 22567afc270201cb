import type { Uploaded, UploadUrl } from './builds.js';
import type { RawFunction, ReadFunction } from './client.js';

/** A request to a route that the agent itself answers. */
export interface SessionRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: NonNullable<RequestInit['body']>;
  /** Default: 60,000; a session that is starting is waited for. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** The calls whose body or answer is no JSON of ours. */
export function rawCalls(raw: RawFunction, read: ReadFunction) {
  return {
    /** Sends a build context, a gzipped tar file, by the form that `createUpload` gave. The form is signed, so no token goes with it. */
    async uploadContext({ uploadUrl, uploadFields }: UploadUrl, file: Blob, timeoutMs = 600_000): Promise<Uploaded> {
      const form = new FormData();
      for (const [name, value] of Object.entries(uploadFields)) form.set(name, value);
      // Last: what comes after the file is not read.
      form.set('file', file, 'context.tar.gz');
      return read<Uploaded>(await raw('POST', uploadUrl, { body: form, timeoutMs }));
    },

    /** Calls a route of the agent in a session, with a public key. The answer is the agent's own, of any status. */
    callSession(agent: string, sessionId: string, path: string, init: SessionRequest = {}): Promise<Response> {
      const { method = 'GET', ...rest } = init;
      const session = `/v1/public/${encodeURIComponent(agent)}/sessions/${encodeURIComponent(sessionId)}`;
      return raw(method, `${session}/${path.replace(/^\/+/, '')}`, rest);
    },
  };
}
