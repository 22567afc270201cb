import { vi } from 'vitest';
import { systemClock } from '../system.js';
import { createFakeWorker } from './fake-worker.js';
import { harness } from './harness.js';
import { contextOf } from './tar.js';

export interface Answered {
  method: string;
  url: string;
  status: number;
  body: unknown;
}
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A control plane with a worker and a private key of an organization. `onAnswer` sees every answer that the key got. */
export async function openPrivateWorld(
  databaseUrl: string | undefined,
  onAnswer: (answered: Answered) => void = () => {},
) {
  const server = await harness({ clock: systemClock, ...(databaseUrl ? { databaseUrl } : {}) });
  const url = await server.http.listen({ port: 0, host: '127.0.0.1' });
  await server.enrolment.offer(server.config.workerEnrolmentFile);
  const worker = await createFakeWorker({ url, enrolmentFile: server.config.workerEnrolmentFile });
  const org = await server.organization('ours');
  const admin = await org.member('admin');

  async function keyOf(name: string, token: string): Promise<string> {
    const { body } = await server.call(token, 'POST', `/v1/organizations/${name}/apiKeys`, {
      name: 'server',
      type: 'private',
    });
    return body.key;
  }
  const key = await keyOf('ours', admin.token);

  async function callAs(credential: string | undefined, method: Method, path: string, body?: unknown) {
    const answer = await server.call(credential, method, path, body);
    onAnswer({ method, url: path, status: answer.status, body: answer.body });
    return answer;
  }
  const call = (method: Method, path: string, body?: unknown) => callAs(key, method, path, body);
  const until = <T>(look: () => T | Promise<T>) => vi.waitFor(look, { interval: 20 });

  return {
    server,
    worker,
    org,
    admin,
    key,
    keyOf,
    call,
    callAs,
    until,

    /** An agent that takes sessions. */
    async deploy(serviceName: string, more: object = {}) {
      const source = 'buildId' in more ? {} : { image: 'example/bot:1' };
      const made = await call('POST', '/v1/agents', { serviceName, ...source, ...more });
      if (made.status !== 200) throw new Error(`The deploy was refused: ${JSON.stringify(made.body)}`);
      await until(async () => {
        const { body } = await call('GET', `/v1/agents/${serviceName}`);
        if (!body.ready) throw new Error('It is not ready');
      });
      return made.body;
    },

    /** Starts a session as a person does: a private key starts none. */
    async start(agent: string): Promise<string> {
      const path = `/v1/organizations/ours/services/${agent}/sessions`;
      const { status, body } = await server.call(admin.token, 'POST', path, {});
      if (status !== 200) throw new Error(`The start was refused: ${JSON.stringify(body)}`);
      return body.sessionId;
    },

    /** An upload that has received its file. */
    async upload(files: Readonly<Record<string, string>> = { Dockerfile: 'FROM scratch\n' }): Promise<string> {
      const { body } = await call('POST', '/v1/builds/upload-url', { region: 'us-west' });
      const form = new FormData();
      for (const [name, value] of Object.entries(body.uploadFields)) form.append(name, String(value));
      form.append('file', new Blob([new Uint8Array(contextOf(files))], { type: 'application/gzip' }), 'context.tar.gz');
      const request = new Request('http://x', { method: 'POST', body: form });
      const answer = await server.http.inject({
        method: 'POST',
        url: new URL(body.uploadUrl).pathname,
        headers: { 'content-type': request.headers.get('content-type') ?? '' },
        payload: Buffer.from(await request.arrayBuffer()),
      });
      if (answer.statusCode >= 300) throw new Error(answer.body);
      return body.uploadId;
    },

    async end() {
      worker.disconnect();
      await server.end();
    },
  };
}
export type PrivateWorld = Awaited<ReturnType<typeof openPrivateWorld>>;
