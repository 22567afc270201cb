import type { Grant } from '@pipecat-cloud/contract/tokens';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../system.js';
import { scratchDatabases } from '../testing/databases.js';
import { createFakeWorker, type FakeWorker } from '../testing/fake-worker.js';
import { type Harness, harness, type Member, type TestOrganization } from '../testing/harness.js';

const until = <T>(look: () => T | Promise<T>) => vi.waitFor(look, { interval: 20 });

describe.each(scratchDatabases)('regions of an organization on $name', ({ create }) => {
  let server: Harness;
  let url: string;
  let org: TestOrganization;
  let admin: Member;
  let drop: () => Promise<void>;
  const workers: FakeWorker[] = [];

  beforeEach(async () => {
    const scratch = await create();
    drop = scratch.drop;
    server = await harness({ clock: systemClock, ...(scratch.url ? { databaseUrl: scratch.url } : {}) });
    url = await server.http.listen({ port: 0, host: '127.0.0.1' });
    org = await server.organization('ours');
    admin = await org.member('admin');
  });
  afterEach(async () => {
    for (const worker of workers.splice(0)) worker.disconnect();
    await server.end();
    await drop();
  });

  type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  const call = (method: Method, path: string, body?: unknown) =>
    server.call(admin.token, method, `/v1/organizations/ours${path}`, body);
  const register = (body: object = {}) => call('POST', '/regions', { regionKey: 'pce-lab', ...body });
  const deploy = (body: object = {}) =>
    call('POST', '/services', { serviceName: 'bot', image: 'example/bot:1', region: 'pce-lab', ...body });

  async function enrol(options: { architecture?: string; secretSets?: string[]; dataUrl?: string } = {}) {
    const { body } = await call('POST', '/regions/pce-lab/enrollment-tokens', {});
    const worker = await createFakeWorker({ url, enrolmentToken: body.token, ...options });
    workers.push(worker);
    return worker;
  }
  async function ownWorker(architecture?: string) {
    await server.enrolment.offer(server.config.workerEnrolmentFile);
    const enrolmentFile = server.config.workerEnrolmentFile;
    const worker = await createFakeWorker({ url, enrolmentFile, ...(architecture ? { architecture } : {}) });
    workers.push(worker);
    return worker;
  }
  const ensured = (worker: FakeWorker) =>
    worker.commands.flatMap((command) => (command.do === 'ensure' ? [command.spec] : []));
  const ready = (name = 'bot') =>
    until(async () => expect((await call('GET', `/services/${name}`)).body.body.ready).toBe(true));

  test('registered, shown, listed, and changed only where the body says something', async () => {
    const first = await register({ displayName: 'Our lab', workloadsNamespace: 'bots' });
    expect(first).toMatchObject({
      status: 200,
      body: {
        ...{ region_key: 'pce-lab', display_name: 'Our lab', enrollment_status: 'pending', workers: [] },
        ...{ intermediate_expires_at: null, ws_public_endpoint: null, workloads_namespace: 'bots' },
        ...{ supported_architectures: null, default_architecture: null },
      },
    });
    const second = await register({ supportedArchitectures: ['arm64', 'amd64'], defaultArchitecture: 'arm64' });
    expect(second.body).toMatchObject({ display_name: 'Our lab', default_architecture: 'arm64' });
    expect((await call('GET', '/regions/pce-lab')).body).toEqual(second.body);
    expect((await call('GET', '/regions')).body.regions).toEqual([
      { code: 'us-west', display_name: 'This machine' },
      {
        ...{ code: 'pce-lab', display_name: 'Our lab' },
        ...{ supported_architectures: ['arm64', 'amd64'], default_architecture: 'arm64', registered: true },
      },
    ]);
    const { body } = await call('GET', '/properties/schema');
    expect(body.properties.defaultRegion.availableValues).toEqual(['us-west', 'pce-lab']);
  });

  test.each([
    [{ regionKey: 'us-west' }, 'the region of the installation itself'],
    [{ regionKey: 'Upper' }, 'body.regionKey'],
    [{ regionKey: 'pce-lab', supportedArchitectures: ['arm64'], defaultArchitecture: 'amd64' }, 'none of those'],
    [{ regionKey: 'pce-lab', supportedArchitectures: ['sparc'] }, 'must be one of amd64, arm64'],
    [{ regionKey: 'pce-lab', wsPublicEndpoint: 'https://x.example' }, 'wss://'],
    [{ regionKey: 'pce-lab', wsPublicEndpoint: 'wss://u:p@x.example' }, 'wss://'],
  ])('%j is refused and registers nothing', async (body, text) => {
    const answer = await call('POST', '/regions', body);
    expect([answer.status, answer.body.code]).toEqual([400, 'GENERIC_BAD_REQUEST']);
    expect(answer.body.error).toContain(text);
    expect((await call('GET', '/regions')).body.regions).toHaveLength(1);
  });

  test('another organization neither sees nor uses it, and may have one of the same key', async () => {
    await register();
    const other = await (await server.organization('other')).member('owner');
    const theirs = (method: Method, path: string, body?: unknown) =>
      server.call(other.token, method, `/v1/organizations/other${path}`, body);
    expect((await theirs('GET', '/regions')).body.regions).toHaveLength(1);
    for (const [method, path] of [
      ['GET', '/regions/pce-lab'],
      ['DELETE', '/regions/pce-lab'],
      ['POST', '/regions/pce-lab/enrollment-tokens'],
    ] as const) {
      expect((await theirs(method, path)).status).toBe(404);
    }
    const service = { serviceName: 'bot', image: 'x:1', region: 'pce-lab' };
    expect((await theirs('POST', '/services', service)).status).toBe(400);
    expect((await theirs('POST', '/regions', { regionKey: 'pce-lab' })).status).toBe(200);
    expect((await call('GET', '/regions/pce-lab')).status).toBe(200);
  });

  test('its agents run on its workers and nobody else’s do', async () => {
    await register();
    const own = await ownWorker();
    const worker = await enrol();
    await until(async () =>
      expect((await call('GET', '/regions/pce-lab')).body).toMatchObject({
        ...{ enrollment_status: 'enrolled', workers: [{ name: 'fake', connected: true }] },
      }),
    );
    await deploy();
    await deploy({ serviceName: 'shared', region: 'us-west' });
    await ready();
    await ready('shared');
    expect(new Set(ensured(worker).map(({ agentName }) => agentName))).toEqual(new Set(['bot']));
    expect(new Set(ensured(own).map(({ agentName }) => agentName))).toEqual(new Set(['shared']));
    const started = await call('POST', '/services/bot/sessions', {});
    expect(started.status).toBe(200);
    expect(worker.activations().map(({ sessionId }) => sessionId)).toEqual([started.body.sessionId]);
    expect((await call('GET', '/services?region=pce-lab')).body.services).toMatchObject([{ name: 'bot' }]);
  });

  test('an agent waits for a worker of its region, whatever else is connected', async () => {
    await register();
    const own = await ownWorker();
    await deploy();
    await deploy({ serviceName: 'shared', region: 'us-west' });
    await ready('shared');
    expect((await call('GET', '/services/bot')).body.body.ready).toBe(false);
    expect(ensured(own).some(({ agentName }) => agentName === 'bot')).toBe(false);
    await enrol();
    await ready();
  });

  test('what a request leaves open goes to the default region, once that is set', async () => {
    await register();
    expect((await call('PATCH', '/properties', { defaultRegion: 'pce-lab' })).body.properties.defaultRegion).toBe(
      'pce-lab',
    );
    const service = { serviceName: 'bot', image: 'x:1' };
    expect((await call('POST', '/services', service)).body.region).toBe('pce-lab');
    expect((await call('PUT', '/secrets/keys', { secretKey: 'A', secretValue: 'b' })).body.region).toBe('pce-lab');
    expect((await call('POST', '/builds/upload-url', {})).status).toBe(200);
    const elsewhere = { ...service, serviceName: 'two', region: 'us-west', secretSet: 'keys' };
    const refused = await call('POST', '/services', elsewhere);
    expect(refused.body.error).toBe("Secret set 'keys' is in region 'pce-lab', the agent in 'us-west'");
    expect((await call('PUT', '/services', { ...service, region: 'us-west' })).status).toBe(400);
  });

  test('in use it stays, and the answer says by what; then it goes, and its worker is turned away', async () => {
    await register();
    const worker = await enrol();
    await call('PUT', '/secrets/keys', { secretKey: 'A', secretValue: 'b', region: 'pce-lab' });
    await deploy();
    await ready();
    const started = await call('POST', '/services/bot/sessions', {});
    const remove = () => call('DELETE', '/regions/pce-lab');
    const used = await remove();
    expect([used.status, used.body.code]).toEqual([409, 'CONFLICT']);
    expect(used.body.error).toContain("1 agent ('bot'), 1 running session, 1 secret set ('keys')");
    await call('DELETE', '/services/bot');
    await call('DELETE', '/secrets/keys');
    // The session of a deleted agent goes on.
    expect((await remove()).body.error).toContain('in use by 1 running session;');
    worker.endSession(started.body.sessionId, 'completed');
    await until(async () => expect((await remove()).body).toEqual({ status: 'OK' }));
    await until(() => expect(worker.isConnected()).toBe(false));
    await expect(worker.connect()).rejects.toThrow('401');
    expect((await call('GET', '/regions/pce-lab')).status).toBe(404);
    expect((await remove()).status).toBe(404);
  });

  test('a token of a region works once, and not after the region is gone', async () => {
    await register();
    const tokenOf = async () => (await call('POST', '/regions/pce-lab/enrollment-tokens')).body;
    const [used, left] = [await tokenOf(), await tokenOf()];
    expect(used).toMatchObject({ region_key: 'pce-lab', token: expect.stringMatching(/^\w+/) });
    const enrolWith = (token: string) => server.call(undefined, 'POST', '/v1/workers/enrol', { token, name: 'w' });
    expect((await enrolWith(used.token)).status).toBe(200);
    expect((await enrolWith(used.token)).status).toBe(401);
    await call('DELETE', '/regions/pce-lab');
    expect((await enrolWith(left.token)).status).toBe(401);
    const records = JSON.stringify(await server.store.audit.list(org.id, 20));
    for (const { token } of [used, left]) expect(records).not.toContain(token);
    expect(records).toContain('worker.enrolled');
  });

  test('a developer sees regions and may not change them', async () => {
    await register();
    const developer = await org.member('developer');
    const as = (method: Method, path: string, body?: unknown) =>
      server.call(developer.token, method, `/v1/organizations/ours${path}`, body);
    expect((await as('GET', '/regions/pce-lab')).status).toBe(200);
    expect((await as('POST', '/regions', { regionKey: 'pce-lab' })).status).toBe(403);
    expect((await as('DELETE', '/regions/pce-lab')).status).toBe(403);
    expect((await as('POST', '/regions/pce-lab/enrollment-tokens')).status).toBe(403);
  });

  test.each<[string, Grant]>([
    ['lacks agents:deploy', { permissions: ['org:write'] }],
    ['works from any network', { permissions: ['org:write', 'agents:deploy'], networks: ['127.0.0.0/8'] }],
  ])('a token that is narrower than a worker enrols none: %s', async (why, grant) => {
    await register();
    const path = '/v1/organizations/ours/regions/pce-lab/enrollment-tokens';
    const enrolBy = async (narrow: Grant) => server.call((await org.member('admin', narrow)).token, 'POST', path);
    const refused = await enrolBy(grant);
    expect(refused).toMatchObject({ status: 403, body: { reason: 'missing_permission' } });
    expect(refused.body.error).toContain(why);
    expect((await enrolBy({ permissions: ['org:write', 'agents:deploy'] })).status).toBe(200);
  });

  test('the architectures of the workers are told, and a deploy for another is refused', async () => {
    await ownWorker('amd64');
    const ofOwn = async () => (await call('GET', '/regions')).body.regions[0];
    await until(async () =>
      expect(await ofOwn()).toMatchObject({ supported_architectures: ['amd64'], default_architecture: 'amd64' }),
    );
    const refused = await deploy({ region: 'us-west', architecture: 'arm64' });
    expect([refused.status, refused.body.error]).toEqual([
      400,
      expect.stringContaining("No machine of region 'us-west' runs arm64; there is amd64"),
    ]);
    expect((await call('GET', '/services/bot')).status).toBe(404);
    const { body } = await deploy({ region: 'us-west', architecture: 'amd64' });
    expect(body.deployment.manifest.spec.arch).toBe('amd64');
    expect((await deploy({ region: 'us-west', architecture: 'sparc' })).status).toBe(400);
  });

  test('an agent that needs an architecture waits for a worker of it', async () => {
    await register({ supportedArchitectures: ['arm64', 'amd64'], defaultArchitecture: 'arm64' });
    const amd = await enrol({ architecture: 'amd64' });
    // The default of the region holds where the deploy says nothing.
    expect((await deploy()).body.deployment.manifest.spec.arch).toBe('arm64');
    await deploy({ serviceName: 'other', architecture: 'amd64' });
    await ready('other');
    expect((await call('GET', '/services/bot')).body.body.ready).toBe(false);
    const arm = await enrol({ architecture: 'arm64' });
    await ready();
    expect(ensured(amd).map(({ agentName }) => agentName)).not.toContain('bot');
    expect(ensured(arm).map(({ agentName }) => agentName)).toContain('bot');
  });

  test('sockets of its agents go to its own front door, where it has one', async () => {
    await register({ wsPublicEndpoint: 'wss://voice.example.com/' });
    await enrol();
    await deploy();
    await ready();
    const { body } = await call('POST', '/services/bot/sessions', { transport: 'websocket' });
    expect(body.wsUrl).toBe('wss://voice.example.com/ws/generic/bot.ours');
  });

  test('a worker whose data port is more than a host is turned away', async () => {
    await register();
    const worker = await enrol({ dataUrl: 'http://127.0.0.1:9/latest/meta-data?' });
    await until(() => expect(worker.isConnected()).toBe(false));
  });
});
