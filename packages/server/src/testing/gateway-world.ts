import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, vi } from 'vitest';
import { systemClock } from '../system.js';
import { createFakeWorker } from './fake-worker.js';
import { harness } from './harness.js';

/** A request as the container got it. */
export interface Seen {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

export const bodyOf = async (response: Response) => (await response.json()) as Record<string, string>;

/** A control plane with an agent 'bot' of two sessions, whose container a test plays, and a public key to call it with. */
export async function openGatewayWorld() {
  const seen: Seen[] = [];
  const container = { answer: ((_request, response) => response.end('{}')) as RequestListener };
  const listener = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    seen.push({ method: request.method, url: request.url, headers: request.headers, body });
    container.answer(request, response);
  }).listen(0, '127.0.0.1');
  const environment = { PIPECAT_CLOUD_ICE_SERVERS: 'stun:stun.example:3478' };
  const server = await harness({ clock: systemClock, environment });
  const url = await server.http.listen({ port: 0, host: '127.0.0.1' });
  await server.enrolment.offer(server.config.workerEnrolmentFile);
  const dataUrl = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  const worker = await createFakeWorker({ url, enrolmentFile: server.config.workerEnrolmentFile, dataUrl });
  const { token } = await (await server.organization('ours')).member('admin');

  async function publicKey(organization: string, of: string): Promise<string> {
    const keys = `/v1/organizations/${organization}/apiKeys`;
    return (await server.call(of, 'POST', keys, { name: 'browser', type: 'public' })).body.key;
  }

  async function deploy(name: string, websocketAuth: string): Promise<void> {
    const services = '/v1/organizations/ours/services';
    const order = { serviceName: name, image: 'example/bot:1', autoScaling: { maxAgents: 2 }, websocketAuth };
    expect((await server.call(token, 'POST', services, order)).status).toBe(200);
    await vi.waitFor(
      async () => expect((await server.call(token, 'GET', `${services}/${name}`)).body.body.ready).toBe(true),
      { timeout: 15_000, interval: 20 },
    );
  }

  const key = await publicKey('ours', token);
  await deploy('bot', 'token');

  /** As a browser of any page sends it. */
  const send = (path: string, init: RequestInit = {}) =>
    fetch(`${url}/v1/public/${path}`, {
      method: 'POST',
      ...init,
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        origin: 'https://app.example',
        ...init.headers,
      },
    });
  return {
    ...{ server, worker, url, token, seen, container, publicKey, deploy, send },
    start: (body: unknown, agent = 'bot') => send(`${agent}/start`, { body: JSON.stringify(body) }),
    async close(): Promise<void> {
      worker.disconnect();
      await server.end();
      listener.closeAllConnections();
      listener.close();
    },
  };
}
export type GatewayWorld = Awaited<ReturnType<typeof openGatewayWorld>>;
