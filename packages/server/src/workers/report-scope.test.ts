import type { Report } from '@pipecat-cloud/contract/worker';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../system.js';
import { scratchDatabases } from '../testing/databases.js';
import { createFakeWorker, type FakeWorker } from '../testing/fake-worker.js';
import { type Harness, harness, type Member } from '../testing/harness.js';
import { contextOf } from '../testing/tar.js';

const until = <T>(look: () => T | Promise<T>) => vi.waitFor(look, { interval: 20 });
const at = '2026-01-01T00:00:00.000Z';

describe.each(scratchDatabases)('a worker of another organization, on $name', ({ create }) => {
  let server: Harness;
  let drop: () => Promise<void>;
  let admin: Member;
  /** Runs the agents of `ours`, and that of a region of `theirs`. */
  let own: FakeWorker;
  let foreign: FakeWorker;
  let foreignId: string;

  const call = (method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown) =>
    server.call(admin.token, method, `/v1/organizations/ours${path}`, body);
  const bot = async () => (await call('GET', '/services/bot')).body.body;

  beforeEach(async () => {
    const scratch = await create();
    drop = scratch.drop;
    server = await harness({ clock: systemClock, ...(scratch.url ? { databaseUrl: scratch.url } : {}) });
    const url = await server.http.listen({ port: 0, host: '127.0.0.1' });
    admin = await (await server.organization('ours')).member('admin');
    const theirs = await server.organization('theirs');
    foreignId = theirs.id;
    const owner = await theirs.member('owner');
    const asOwner = (path: string, body: object) =>
      server.call(owner.token, 'POST', `/v1/organizations/theirs${path}`, body);
    await asOwner('/regions', { regionKey: 'pce-lab' });
    const { body } = await asOwner('/regions/pce-lab/enrollment-tokens', {});
    await server.enrolment.offer(server.config.workerEnrolmentFile);
    own = await createFakeWorker({ url, enrolmentFile: server.config.workerEnrolmentFile });
    foreign = await createFakeWorker({ url, enrolmentToken: body.token });
    await call('POST', '/services', { serviceName: 'bot', image: 'x:1' });
    await until(async () => expect((await bot()).ready).toBe(true));
  });
  afterEach(async () => {
    own.disconnect();
    foreign.disconnect();
    await server.end();
    await drop();
  });

  /** Told, and acknowledged: whatever it does has been done. */
  async function told(report: Report): Promise<void> {
    foreign.report(report);
    await until(() => expect(foreign.unacknowledged.size).toBe(0));
  }

  test('ends no session of ours, whatever it knows of it', async () => {
    const { sessionId } = (await call('POST', '/services/bot/sessions', {})).body;
    const [activation] = own.activations();
    const { instanceId = '', epoch = 0 } = activation ?? {};
    await told({ type: 'session-ended', sessionId, instanceId, epoch, reason: 'completed', at });
    await told({ type: 'usage', sessionId, samples: [{ t: 1, c: 1, m: 1 }] });
    const { body } = await call('GET', `/services/bot/sessions/${sessionId}`);
    expect([body.state, body.resourceMetrics]).toEqual(['active', null]);
  });

  test('writes no line into a log of ours, in our name or in its own', async () => {
    const { id: agentId, desiredDeploymentId: deploymentId } = await bot();
    const ours = (await server.store.organizations.findByName('ours'))?.id ?? '';
    const lines = [{ position: 1, time: at, text: 'not from here' }];
    for (const organizationId of [ours, foreignId]) {
      await told({ type: 'logs', organizationId, agentId, deploymentId, instanceId: 'x', lines });
    }
    expect((await call('GET', '/services/bot/logs')).body.logs).toEqual([]);
  });

  test('takes over no session of ours by claiming to hold its instance', async () => {
    const { sessionId } = (await call('POST', '/services/bot/sessions', {})).body;
    const [activation] = own.activations();
    if (!activation) throw new Error('no session was activated');
    const { instanceId, epoch } = activation;
    foreign.instances.set(instanceId, { instanceId, state: 'busy', epoch, sessionId });
    foreign.observe();
    await until(() => expect(server.workers.locate(foreignId, instanceId)).toBeDefined());
    own.disconnect();
    const ours = (await server.store.organizations.findByName('ours'))?.id ?? '';
    await until(() => expect(server.workers.locate(ours, instanceId)).toBeUndefined());
  });

  /** An upload that has received its file. */
  async function upload(): Promise<string> {
    const { body } = await call('POST', '/builds/upload-url', {});
    const form = new FormData();
    for (const [name, value] of Object.entries(body.uploadFields)) form.append(name, String(value));
    const file = new Uint8Array(contextOf({ Dockerfile: 'FROM scratch\n' }));
    form.append('file', new Blob([file], { type: 'application/gzip' }), 'context.tar.gz');
    const sent = new Request('http://x', { method: 'POST', body: form });
    const answer = await server.http.inject({
      method: 'POST',
      url: new URL(body.uploadUrl).pathname,
      headers: { 'content-type': sent.headers.get('content-type') ?? '' },
      payload: Buffer.from(await sent.arrayBuffer()),
    });
    expect(answer.statusCode).toBeLessThan(300);
    return body.uploadId;
  }

  test('gets no order and no files of our builds, and ends none', async () => {
    const { id } = (await call('POST', '/builds', { uploadId: await upload() })).body.build;
    const status = async () => (await call('GET', `/builds/${id}`)).body.build.status;
    await until(() => expect(own.commands.some((command) => command.do === 'build')).toBe(true));
    expect(foreign.commands).toEqual([]);
    await told({ type: 'build-finished', buildId: id, outcome: 'success', at });
    expect(await status()).toBe('pending');
    const context = (credential: string) => server.call(credential, 'GET', `/v1/workers/builds/${id}/context`);
    expect((await context(own.credential)).status).toBe(200);
    expect((await context(foreign.credential)).status).toBe(404);
  });
});
