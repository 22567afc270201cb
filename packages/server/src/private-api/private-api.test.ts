import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scratchDatabases } from '../testing/databases.js';
import { type Answered, openPrivateWorld, type PrivateWorld } from '../testing/private-world.js';
import { createPublishedApi, publishedApiLacking } from '../testing/published-api.js';

/** Refusals that the contract documents (§7.1, §11.4) and the published description leaves out. */
const documentedElsewhere = new Set([
  'POST /agents 409',
  'POST /agents/{agentName} 409',
  'GET /builds 400',
  'DELETE /secrets/{setName} 409',
]);
/** What any route may answer: no key, or a fault of the server. */
const ofAnyRoute = /^(?:401|500)$/;

describe.each(scratchDatabases)('the private REST API on $name', ({ create }) => {
  let world: PrivateWorld;
  let drop: () => Promise<void>;
  const answers: Answered[] = [];

  beforeAll(async () => {
    const scratch = await create();
    drop = scratch.drop;
    world = await openPrivateWorld(scratch.url, (answered) => answers.push(answered));
  });
  afterAll(async () => {
    await world.end();
    await drop();
  });
  const call: PrivateWorld['call'] = (...request) => world.call(...request);

  describe('agents', () => {
    test('a deploy, from its first answer to its end', async () => {
      const made = await world.deploy('first', { autoScaling: { minAgents: 0, maxAgents: 2 } });
      expect(made).toMatchObject({
        name: 'first',
        region: 'us-west',
        ready: false,
        activeDeploymentReady: false,
        agentProfile: 'agent-1x',
        autoScaling: { minReplicas: 0, maxReplicas: 2 },
        activeDeploymentId: made.desiredDeploymentId,
        errors: [],
      });
      // Not known yet, so it is absent: the published description takes neither null nor an empty text for it.
      expect('reconciledDeploymentId' in made).toBe(false);
      const got = await call('GET', '/v1/agents/first');
      expect(got.body.body).toBeUndefined();
      expect(got.body).toMatchObject({
        ready: true,
        available: true,
        activeDeploymentReady: true,
        reconciledDeploymentId: made.desiredDeploymentId,
        currentRevision: { phase: 'Active', health: { state: 'running' } },
      });

      const updated = await call('POST', '/v1/agents/first', { maxSessionDuration: 300 });
      expect(updated.status).toBe(200);
      expect(updated.body.desiredDeploymentId).not.toBe(made.desiredDeploymentId);
      expect(updated.body).toMatchObject({ ready: false, activeDeploymentReady: false, available: true });
      expect(updated.body.deployment.manifest.spec).toMatchObject({
        image: 'example/bot:1',
        maxSessionDurationSeconds: 300,
      });
      await world.until(async () => expect((await call('GET', '/v1/agents/first')).body.ready).toBe(true));
      const same = await call('POST', '/v1/agents/first', { serviceName: 'first', region: 'us-west' });
      expect(same.body).toMatchObject({ ready: true, desiredDeploymentId: updated.body.desiredDeploymentId });
      expect(same.body.warning).toContain('forceRedeploy');

      expect((await call('DELETE', '/v1/agents/first')).body).toEqual({ status: 'OK' });
      for (const method of ['GET', 'DELETE'] as const) {
        expect(await call(method, '/v1/agents/first')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
      }
    });

    test('what a deploy may not say', async () => {
      await world.deploy('taken');
      const image = 'example/bot:1';
      const noBuild = '11111111-1111-4111-8111-111111111111';
      for (const [body, says] of [
        [{ serviceName: 'taken', image }, 'exists already'],
        [{ serviceName: 'none-of-both' }, 'exactly one of image and buildId'],
        [{ serviceName: 'both', image, buildId: noBuild }, 'exactly one of image and buildId'],
        [{ serviceName: 'far', image, region: 'mars' }, "'mars' is not available"],
        [{ serviceName: 'Upper', image }, 'serviceName'],
        [{ serviceName: 'a'.repeat(55), image }, 'serviceName'],
        [{ serviceName: 'x86', image, nodeType: 'intel' }, 'must be one of arm'],
        [{ serviceName: 'short', image, maxSessionDuration: 59 }, 'maxSessionDuration'],
        [{ serviceName: 'long', image, maxSessionDuration: 14_401 }, 'maxSessionDuration'],
        [{ serviceName: 'many', image, autoScaling: { maxAgents: 51 } }, 'maxAgents'],
        [{ serviceName: 'turned', image, autoScaling: { minAgents: 3, maxAgents: 2 } }, 'minAgents'],
        [{ serviceName: 'krisp', image, krispViva: { audioFilter: 'loud' } }, 'audioFilter'],
        [{ image }, "'serviceName' is missing"],
        [[], 'body'],
      ] as const) {
        const answer = await call('POST', '/v1/agents', body);
        expect(answer).toMatchObject({ status: 400, body: { code: 'GENERIC_BAD_REQUEST' } });
        expect(answer.body.error).toContain(says);
      }
      for (const body of [
        { serviceName: 'other' },
        { region: 'mars' },
        { image, buildId: noBuild },
        { maxSessionDuration: 'long' },
      ]) {
        expect((await call('POST', '/v1/agents/taken', body)).status).toBe(400);
      }
      for (const [path, body] of [
        ['/v1/agents', { serviceName: 'bare', image, secretSet: 'missing' }],
        ['/v1/agents', { serviceName: 'bare', buildId: noBuild }],
        ['/v1/agents/taken', { imagePullSecretSet: 'missing' }],
        ['/v1/agents/taken', { buildId: noBuild }],
        ['/v1/agents/nobody', {}],
        ['/v1/agents/%00', {}],
      ] as const) {
        expect(await call('POST', path, body)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
      }
      expect(await call('GET', '/v1/agents/bare')).toMatchObject({ status: 404 });
    });

    test('the list: what each holds, its filters and its pages', async () => {
      await world.deploy('list-a');
      await world.deploy('list-b');
      const { services } = (await call('GET', '/v1/agents?includeActiveDeployment=true')).body;
      const [a, b] = services.filter(({ name }: { name: string }) => name.startsWith('list-'));
      expect([a.name, b.name]).toEqual(['list-a', 'list-b']);
      expect(a).toMatchObject({
        organizationId: world.org.id,
        deletedAt: null,
        reconciledDeploymentId: a.desiredDeploymentId,
        deployment: { id: a.desiredDeploymentId, serviceId: a.id, manifest: { spec: { image: 'example/bot:1' } } },
      });
      expect((await call('GET', '/v1/agents')).body.services[0].deployment).toBeUndefined();
      for (const region of ['mars', '%00']) {
        expect((await call('GET', `/v1/agents?region=${region}`)).body).toEqual({ services: [], hasMore: false });
      }
      const first = await call('GET', '/v1/agents?region=us-west&limit=1');
      expect([first.body.services.length, first.body.hasMore]).toEqual([1, true]);
      expect(first.headers.link).toBe('</v1/agents?region=us-west&limit=1&offset=1>; rel="next"');
      const next = await call('GET', '/v1/agents?limit=1&offset=1');
      expect(next.body.services.length).toBe(1);
      expect(next.body.services[0].name > first.body.services[0].name).toBe(true);
      const all = await call('GET', '/v1/agents?limit=1000000');
      expect(all.body).toMatchObject({ hasMore: false });
      expect(all.headers.link).toBeUndefined();
    });
  });

  describe('sessions and logs', () => {
    test('a session in the list, in detail with what it used, and stopped', async () => {
      await world.deploy('talker', { autoScaling: { minAgents: 2, maxAgents: 3 } });
      const done = await world.start('talker');
      const open = await world.start('talker');
      const at = 1_776_679_200;
      const samples = [100, 120, 260].map((c, index) => ({ t: at + index * 5, c, m: 300_000_000 + index }));
      world.worker.report({ type: 'usage', sessionId: done, samples });
      world.worker.endSession(done, 'completed');
      await world.until(async () =>
        expect((await call('GET', `/v1/agents/talker/sessions/${done}`)).body.endState).toBe('completed'),
      );

      const detail = (await call('GET', `/v1/agents/talker/sessions/${done}`)).body;
      expect(detail).toMatchObject({
        sessionId: done,
        organizationId: world.org.id,
        completionStatus: 'HTTP_COMPLETED',
        resourceMetrics: {
          sessionId: done,
          sampleCount: 3,
          cpuMillicoresP50: 120,
          cpuMillicoresP99: 260,
          memoryBytesP50: 300_000_001,
          timeseries: samples,
        },
        meetingIds: [],
      });
      expect(detail.events.map(({ eventCode }: { eventCode: string }) => eventCode)).toEqual([
        'SESSION_START_INITIATED',
        'REQUEST_ARRIVED_AT_BOT',
        'SESSION_COMPLETED',
      ]);
      expect((await call('GET', `/v1/agents/talker/sessions/${open}`)).body.resourceMetrics).toBeNull();

      const list = (await call('GET', '/v1/agents/talker/sessions')).body;
      expect(list.total_count).toBe(2);
      expect(list.sessions.map(({ sessionId }: { sessionId: string }) => sessionId).sort()).toEqual(
        [done, open].sort(),
      );
      const [running] = (await call('GET', '/v1/agents/talker/sessions?status=active')).body.sessions;
      expect(running).toMatchObject({ sessionId: open, completionStatus: null, endState: 'active' });
      expect('endedAt' in running).toBe(false);

      const path = `/v1/agents/talker/sessions/${open}`;
      expect((await call('DELETE', path)).body).toEqual({ status: 'terminated', session_id: open });
      expect((await call('GET', path)).body).toMatchObject({ completionStatus: 'TERMINATED', endState: 'terminated' });
      expect(await call('DELETE', path)).toMatchObject({ status: 404, body: { code: '404' } });
    });

    test('the list is sifted, paged and bounded', async () => {
      await world.deploy('sifted');
      const list = async (query: string) => {
        const { status, body } = await call('GET', `/v1/agents/sifted/sessions?${query}`);
        return [status, body.total_count];
      };
      for (const query of [
        'limit=1000000&offset=1e9',
        'limit=0',
        'status=all&startType=all&startTimeMin=0&startTimeMax=0',
        'startTime=0&endTime=4102444800&startTimeMax=1e300&startTimeMin=9e15',
        'deploymentId=%00&endState=agent_error',
      ]) {
        expect(await list(query)).toEqual([200, 0]);
      }
      for (const query of ['limit=-1', 'limit=ten', 'offset=-1', 'startTime=1776679200000', 'startTime=x']) {
        expect((await list(query))[0]).toBe(400);
      }
      expect((await call('GET', '/v1/agents/sifted/sessions?status=asleep')).body).toMatchObject({
        code: '400',
        err: {
          name: 'ZodError',
          issues: [{ code: 'invalid_enum_value', path: ['status'], options: ['active', 'ended', 'all'] }],
        },
      });
      // The likeliest slip of all: milliseconds.
      expect((await call('GET', '/v1/agents/sifted/sessions?endTime=1776679200000')).body).toMatchObject({
        code: '400',
        error: 'endTime must be a Unix time in seconds',
        err: { name: 'ZodError', issues: [{ code: 'custom', path: ['endTime'] }] },
      });
    });

    test('ids that are no ids, and what is not there', async () => {
      await world.deploy('quiet');
      const unknown = '11111111-1111-4111-8111-111111111111';
      for (const [method, path] of [
        ['GET', '/v1/agents/nobody/sessions'],
        ['GET', `/v1/agents/quiet/sessions/${unknown}`],
        ['GET', '/v1/agents/quiet/sessions/no-uuid'],
        ['GET', '/v1/agents/quiet/sessions/%00'],
        ['DELETE', `/v1/agents/quiet/sessions/${unknown}`],
        ['DELETE', `/v1/agents/nobody/sessions/${unknown}`],
      ] as const) {
        expect(await call(method, path)).toMatchObject({ status: 404, body: { code: '404' } });
      }
      const refused = await call('DELETE', '/v1/agents/quiet/sessions/no-uuid');
      expect(refused).toMatchObject({ status: 400, body: { code: 'GENERIC_BAD_REQUEST' } });
    });

    test('ten lines of the log, the newest first, with every filter', async () => {
      await world.deploy('chatty');
      const { id, desiredDeploymentId: deploymentId } = (await call('GET', '/v1/agents/chatty')).body;
      const [instance] = world.worker.instances.keys();
      const second = Date.UTC(2026, 4, 4, 10) / 1000;
      world.worker.report({
        type: 'logs',
        organizationId: world.org.id,
        agentId: id,
        deploymentId,
        instanceId: instance ?? '',
        lines: Array.from({ length: 12 }, (_, index) => ({
          position: index + 1,
          time: new Date((second + index) * 1000).toISOString(),
          text: `line ${index}`,
        })),
      });
      const logs = async (query = '') => {
        const { body } = await call('GET', `/v1/agents/chatty/logs${query}`);
        return {
          shown: body.logs?.map(({ log }: { log: string }) => log.slice(5)).join(' '),
          total: body.total?.value,
        };
      };
      await world.until(async () => expect((await logs()).total).toBe(12));
      expect((await logs()).shown).toBe('11 10 9 8 7 6 5 4 3 2');
      expect((await logs('?limit=2&offset=1')).shown).toBe('10 9');
      expect((await logs('?limit=2&order=asc')).shown).toBe('0 1');
      expect((await logs('?limit=2&order=asc&offset=2')).shown).toBe('2 3');
      expect(await logs('?limit=0')).toEqual({ shown: '', total: 12 });
      expect((await logs('?limit=1000000')).shown).toBe('11 10 9 8 7 6 5 4 3 2 1 0');
      expect(await logs('?query=LINE%201')).toEqual({ shown: '11 10 1', total: 3 });
      expect(await logs(`?startTime=${second + 10}`)).toEqual({ shown: '11 10', total: 2 });
      expect(await logs(`?endTime=${second}`)).toEqual({ shown: '0', total: 1 });
      expect((await logs(`?deploymentId=${deploymentId}`)).total).toBe(12);
      expect((await logs('?sessionId=none')).total).toBe(0);
      for (const query of ['?order=up', '?limit=-1', '?startTime=1776679200000']) {
        const answer = await call('GET', `/v1/agents/chatty/logs${query}`);
        expect(answer).toMatchObject({ status: 400, body: { code: 'GENERIC_BAD_REQUEST' } });
      }
      expect(await call('GET', '/v1/agents/nobody/logs')).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    });
  });

  describe('secrets', () => {
    test('a set: an array of keys, one key, names alone in answer, and its end', async () => {
      const secrets = [
        { secretKey: 'A', secretValue: 'canary-1' },
        { secretKey: 'B', secretValue: 'canary-2' },
      ];
      const put = await call('PUT', '/v1/secrets/prod', { secrets, region: 'us-west' });
      expect([put.status, put.body]).toEqual([202, { status: 'OK', region: 'us-west' }]);
      const one = await call('PUT', '/v1/secrets/prod', { secretKey: 'C', secretValue: 'canary-3' });
      expect(one.status).toBe(202);
      expect((await call('GET', '/v1/secrets/prod')).body).toEqual({
        secrets: [{ fieldName: 'A' }, { fieldName: 'B' }, { fieldName: 'C' }],
        region: 'us-west',
        status: 'ready',
      });
      await world.deploy('secretive', { secretSet: 'prod' });
      expect(await call('DELETE', '/v1/secrets/prod')).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
      expect((await call('DELETE', '/v1/agents/secretive')).status).toBe(200);
      expect((await call('DELETE', '/v1/secrets/prod/A')).body).toEqual({ status: 'OK' });
      expect((await call('DELETE', '/v1/secrets/prod')).body).toEqual({ status: 'OK' });
      for (const [method, path] of [
        ['GET', '/v1/secrets/prod'],
        ['DELETE', '/v1/secrets/prod'],
        ['DELETE', '/v1/secrets/prod/A'],
        ['GET', '/v1/secrets/%00'],
        ['DELETE', '/v1/secrets/%00'],
        ['DELETE', '/v1/secrets/%00/A'],
      ] as const) {
        expect(await call(method, path)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
      }
    });

    test('a pull secret is listed and shown to nobody; types and regions are for life', async () => {
      const pull = { isImagePullSecret: true, host: 'https://ghcr.io', secretValue: btoa('me:canary-4') };
      expect((await call('PUT', '/v1/secrets/pull', pull)).status).toBe(202);
      const got = await call('GET', '/v1/secrets/pull');
      expect(got).toMatchObject({ status: 400, body: { code: 'GENERIC_BAD_REQUEST' } });
      expect((await call('GET', '/v1/secrets')).body.sets).toContainEqual({
        name: 'pull',
        type: 'imagePullSecret',
        region: 'us-west',
        status: 'ready',
        usedBy: [],
      });
      for (const [set, body] of [
        ['pull', { secrets: [{ secretKey: 'A', secretValue: 'v' }] }],
        ['pull', { isImagePullSecret: true, host: 'https://ghcr.io' }],
        ['pull', { ...pull, region: 'mars' }],
        ['pull', { ...pull, secretValue: 'not base64 of anything' }],
        ['X', { secrets: [{ secretKey: 'A', secretValue: 'v' }] }],
        ['fresh', { secrets: [] }],
        ['fresh', {}],
        ['%00', { secrets: [{ secretKey: 'A', secretValue: 'v' }] }],
      ] as const) {
        const answer = await call('PUT', `/v1/secrets/${set}`, body);
        expect(answer).toMatchObject({ status: 400, body: { code: 'GENERIC_BAD_REQUEST' } });
        expect(JSON.stringify(answer.body)).not.toContain(pull.secretValue);
      }
      // It is of the wrong type for the place.
      const bad = { serviceName: 'puller', image: 'i', secretSet: 'pull' };
      expect((await call('POST', '/v1/agents', bad)).status).toBe(400);
    });

    test('a set that vanishes while it is changed is a conflict', async () => {
      const { store } = world.server;
      const { transaction } = store;
      store.transaction = (work) =>
        transaction((repos) => work({ ...repos, secrets: { ...repos.secrets, lockSet: async () => undefined } }));
      try {
        const body = { secrets: [{ secretKey: 'A', secretValue: 'v' }] };
        const answer = await call('PUT', '/v1/secrets/vanishing', body);
        expect(answer).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
      } finally {
        store.transaction = transaction;
      }
      expect((await call('GET', '/v1/secrets/vanishing')).status).toBe(404);
    });

    test('a set whose values cannot be read any more says so, and no deploy takes it', async () => {
      const other = await world.server.organization('keyless');
      const { token } = await other.member('admin');
      const key = await world.keyOf('keyless', token);
      const set = { secrets: [{ secretKey: 'A', secretValue: 'v' }] };
      expect((await world.callAs(key, 'PUT', '/v1/secrets/lost', set)).status).toBe(202);
      const sealed = await world.server.store.secrets.dataKey(other.id);
      await world.server.store.secrets.rewrapDataKey(other.id, sealed ?? '', 'v1.gone.a.b.c');
      const failed = { status: 'failed', errorMessage: expect.stringContaining('Restore') };
      expect((await world.callAs(key, 'GET', '/v1/secrets')).body.sets).toMatchObject([{ name: 'lost', ...failed }]);
      expect((await world.callAs(key, 'GET', '/v1/secrets/lost')).body).toMatchObject(failed);
      for (const path of ['/v1/agents', '/v1/agents/plain']) {
        if (path !== '/v1/agents') {
          await world.callAs(key, 'POST', '/v1/agents', { serviceName: 'plain', image: 'i' });
        }
        const body = { ...(path === '/v1/agents' ? { serviceName: 'bot', image: 'i' } : {}), secretSet: 'lost' };
        const answer = await world.callAs(key, 'POST', path, body);
        expect(answer).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
        expect(answer.body.error).toContain("'lost' is not ready (failed)");
      }
    });
  });

  test('regions and properties; a change answers what the schema answers', async () => {
    expect((await call('GET', '/v1/regions')).body).toEqual({
      regions: [{ code: 'us-west', display_name: 'This machine' }],
    });
    expect((await call('GET', '/v1/properties')).body).toEqual({ properties: { defaultRegion: 'us-west' } });
    const schema = (await call('GET', '/v1/properties/schema')).body;
    expect(schema.properties.defaultRegion).toMatchObject({ currentValue: 'us-west', availableValues: ['us-west'] });
    expect((await call('PATCH', '/v1/properties', { defaultRegion: 'us-west' })).body).toEqual(schema);
    for (const body of [{}, { defaultRegion: 'mars' }, { other: 1 }, { defaultRegion: 'us-west', other: 1 }]) {
      const answer = await call('PATCH', '/v1/properties', body);
      expect(answer).toMatchObject({ status: 400, body: { code: 'GENERIC_BAD_REQUEST' } });
    }
    // What was sent is named, not what was not.
    expect((await call('PATCH', '/v1/properties', { region: 'us-west' })).body.error).toBe(
      "body: unknown member 'region'; there is defaultRegion",
    );
  });

  test('builds: upload, create, look up, cached, and what is not valid', async () => {
    const uploadId = await world.upload();
    const created = await call('POST', '/v1/builds', { uploadId, region: 'us-west' });
    expect(created).toMatchObject({ status: 201, body: { cached: false, build: { organizationId: world.org.id } } });
    const { id, contextHash } = created.body.build;
    world.worker.report({ type: 'build-started', buildId: id, at: new Date().toISOString() });
    world.worker.report({ type: 'build-finished', buildId: id, outcome: 'success', at: new Date().toISOString() });
    await world.until(async () =>
      expect((await call('GET', `/v1/builds/${id.toUpperCase()}`)).body.build.status).toBe('success'),
    );
    expect((await call('GET', `/v1/builds/${id}/logs?limit=10000`)).body).toEqual({ logs: expect.any(Array) });
    const found = await call('GET', `/v1/builds?contextHash=${contextHash}&status=success&region=us-west&limit=1`);
    expect(found.body).toMatchObject({ total: 1, limit: 1, offset: 0, builds: [{ id }] });
    const again = await call('POST', '/v1/builds', { uploadId: await world.upload(), region: 'us-west' });
    expect(again).toMatchObject({ status: 200, body: { cached: true, build: { id } } });

    const unknown = '11111111-1111-4111-8111-111111111111';
    for (const [method, path, body] of [
      ['POST', '/v1/builds/upload-url', { region: 'mars' }],
      ['POST', '/v1/builds', { uploadId: unknown, region: 'us-west' }],
      ['POST', '/v1/builds', {}],
      ['GET', '/v1/builds/no-uuid', undefined],
      ['GET', '/v1/builds/no-uuid/logs', undefined],
      ['GET', `/v1/builds/${id}/logs?limit=0`, undefined],
      ['GET', '/v1/builds?status=asleep', undefined],
      ['GET', '/v1/builds?limit=101', undefined],
    ] as const) {
      expect(await call(method, path, body)).toMatchObject({ status: 400, body: { code: 'GENERIC_BAD_REQUEST' } });
    }
    for (const path of [`/v1/builds/${unknown}`, `/v1/builds/${unknown}/logs`]) {
      expect(await call('GET', path)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    }
    // It can be deployed, and what it was made from is not shown.
    const { deployment } = await world.deploy('built', { buildId: id });
    expect(deployment.buildId).toBe(id);
  });

  const every = [
    ['POST', '/v1/agents', { serviceName: 'x-ray', image: 'i' }],
    ['GET', '/v1/agents', undefined],
    ['GET', '/v1/agents/x-ray', undefined],
    ['POST', '/v1/agents/x-ray', {}],
    ['DELETE', '/v1/agents/x-ray', undefined],
    ['GET', '/v1/agents/x-ray/logs', undefined],
    ['GET', '/v1/agents/x-ray/sessions', undefined],
    ['GET', '/v1/agents/x-ray/sessions/11111111-1111-4111-8111-111111111111', undefined],
    ['DELETE', '/v1/agents/x-ray/sessions/11111111-1111-4111-8111-111111111111', undefined],
    ['GET', '/v1/secrets', undefined],
    ['GET', '/v1/secrets/x-ray', undefined],
    ['PUT', '/v1/secrets/x-ray', { secrets: [{ secretKey: 'A', secretValue: 'v' }] }],
    ['DELETE', '/v1/secrets/x-ray', undefined],
    ['DELETE', '/v1/secrets/x-ray/A', undefined],
    ['GET', '/v1/properties', undefined],
    ['GET', '/v1/properties/schema', undefined],
    ['PATCH', '/v1/properties', { defaultRegion: 'us-west' }],
    ['GET', '/v1/regions', undefined],
    ['GET', '/v1/builds', undefined],
  ] as const;

  test('without a key nothing answers, and says which key to send', async () => {
    for (const [method, path, body] of every) {
      const answer = await world.callAs(undefined, method, path, body);
      expect(answer).toMatchObject({ status: 401, body: { code: '401', reason: 'no_credential' } });
      expect(answer.body.error).toContain('a private API key (sk_…)');
    }
  });

  test("another organization's key reaches nothing of this one", async () => {
    await world.deploy('hidden');
    await call('PUT', '/v1/secrets/hidden', { secrets: [{ secretKey: 'A', secretValue: 'v' }] });
    const session = await world.start('hidden');
    const { body } = await call('POST', '/v1/builds', { uploadId: await world.upload({ Dockerfile: 'FROM x\n' }) });
    const other = await world.server.organization('theirs');
    const key = await world.keyOf('theirs', (await other.member('admin')).token);
    for (const [method, path] of [
      ['GET', '/v1/agents/hidden'],
      ['POST', '/v1/agents/hidden'],
      ['DELETE', '/v1/agents/hidden'],
      ['GET', '/v1/agents/hidden/logs'],
      ['GET', '/v1/agents/hidden/sessions'],
      ['GET', `/v1/agents/hidden/sessions/${session}`],
      ['DELETE', `/v1/agents/hidden/sessions/${session}`],
      ['GET', '/v1/secrets/hidden'],
      ['DELETE', '/v1/secrets/hidden'],
      ['DELETE', '/v1/secrets/hidden/A'],
      ['GET', `/v1/builds/${body.build.id}`],
      ['GET', `/v1/builds/${body.build.id}/logs`],
    ] as const) {
      expect((await world.callAs(key, method, path, method === 'POST' ? {} : undefined)).status).toBe(404);
    }
    expect((await world.callAs(key, 'GET', '/v1/agents')).body.services).toEqual([]);
    expect((await world.callAs(key, 'GET', '/v1/secrets')).body.sets).toEqual([]);
    expect((await world.callAs(key, 'GET', '/v1/builds')).body.builds).toEqual([]);
  });

  test('when the database fails, every route says so and nothing more', async () => {
    // Its organization is in no cache yet, so that every route asks the database first.
    const fresh = await world.server.organization('fresh');
    const key = await world.keyOf('fresh', (await fresh.member('admin')).token);
    const { store } = world.server;
    const { organizations } = store;
    const broken = async () => {
      throw new Error('the database is gone');
    };
    store.organizations = { ...organizations, find: broken };
    try {
      for (const [method, path, body] of every) {
        const answer = await world.callAs(key, method, path, body);
        expect([method, path, answer.status]).toEqual([method, path, 500]);
        expect(answer.body).toEqual({ error: 'Internal server error', code: '500' });
      }
    } finally {
      store.organizations = organizations;
    }
  });

  describe.skipIf(publishedApiLacking)(
    `judged by the published description${publishedApiLacking ? ` (${publishedApiLacking})` : ''}`,
    () => {
      test('each answer above is as it says', () => {
        const published = createPublishedApi();
        const judged = answers.flatMap((answered) => published.judge(answered) ?? []);
        expect(judged.length).toBe(answers.length);
        expect([...new Set(judged.flatMap(({ breaches }) => breaches))]).toEqual([]);
        const beyond = judged.filter(({ documented, name }) => {
          const status = name.split(' ').at(-1) ?? '';
          return !documented && !documentedElsewhere.has(name) && !ofAnyRoute.test(status);
        });
        expect([...new Set(beyond.map(({ name }) => name))]).toEqual([]);
      });

      test('each answer that it documents was among them', () => {
        const published = createPublishedApi();
        const seen = new Set(answers.map((answered) => published.judge(answered)?.name));
        expect(published.documented.filter((name) => !seen.has(name))).toEqual([]);
      });
    },
  );
});
