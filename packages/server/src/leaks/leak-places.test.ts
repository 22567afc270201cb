import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createBuildService } from '../builds/build-service.js';
import { createDiskUploadStore } from '../builds/disk-upload-store.js';
import { createUploadService, readUploadFields } from '../builds/upload-service.js';
import { createFileLogStore } from '../logs/file-log-store.js';
import { createWorkerLogs } from '../logs/worker-logs.js';
import { createSecretBox } from '../secrets/secret-box.js';
import { createSecretService } from '../secrets/secret-service.js';
import { withoutWorkers } from '../testing/build-world.js';
import { databases } from '../testing/databases.js';
import { type LeakWorld, openLeakWorld } from '../testing/leak-world.js';
import { contextOf } from '../testing/tar.js';
import { testActor, testKeys, testRegion } from '../testing/two-organizations.js';

describe.each(databases)('places that are looked into, on $name', (database) => {
  let world: LeakWorld;
  let folder: string;
  beforeEach(async () => {
    world = await openLeakWorld(database);
    folder = await mkdtemp(join(tmpdir(), 'leaks-'));
  });
  afterEach(async () => {
    await world.end();
    await rm(folder, { recursive: true, force: true });
  });

  function buildServices() {
    const files = createDiskUploadStore({ directory: folder, limitBytes: 1_000_000 });
    const uploads = createUploadService({
      ...world,
      uploads: files,
      signingKey: Buffer.alloc(32, 3),
      publicUrl: 'http://localhost:7400',
    });
    const builds = createBuildService({ ...world, ...withoutWorkers, files, uploads });
    return async (content: Readonly<Record<string, string>>) => {
      const { uploadId, uploadFields } = await uploads.createUrl(world.acme, testActor);
      const source = (async function* () {
        yield contextOf({ Dockerfile: 'FROM scratch\n', ...content });
      })();
      const fields = readUploadFields(new Map(Object.entries(uploadFields)));
      await (await uploads.receive(fields, undefined, source)).complete();
      const { build } = await builds.create(world.acme, testActor, { uploadId });
      return { build, builds };
    };
  }

  test('a build context: a warning in the build log for each, an alert for those that live', async () => {
    const live = await world.apiKey(world.acme.id, 'private');
    const dead = await world.apiKey(world.acme.id, 'private');
    await world.store.apiKeys.revoke(world.acme.id, dead.id, world.clock.now());
    const shown = await world.apiKey(world.acme.id, 'public');
    const { build, builds } = await buildServices()({
      './src/.env': `A=1\n  KEY=${live.value}\n`,
      'old.txt': dead.value,
      'page.html': shown.value,
    });
    await builds.buildLines(build.id, [{ position: 0, text: 'step 1' }]);
    const lines = await builds.logs(world.acme.id, build.id, {});
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^WARNING: src\/\.env:2:7 holds a credential of this platform, sk_…[0-9a-f]{4}\. /);
    expect(lines[1]).toContain('old.txt:1:1');
    expect(lines[2]).toBe('step 1');
    for (const { value } of [live, dead, shown]) expect(lines.join()).not.toContain(value.slice(3, 40));
    expect(await world.findings(world.acme.id)).toMatchObject([
      { credential: { id: live.id }, place: { kind: 'build_context', name: 'src/.env', reference: build.id } },
    ]);
  });

  test('the same file of the next upload is one more of the same', async () => {
    const { value } = await world.apiKey(world.acme.id, 'private');
    const upload = buildServices();
    await upload({ '.env': value });
    const { build } = await upload({ '.env': value, other: 'changed' });
    expect(await world.findings(world.acme.id)).toMatchObject([{ count: 2, place: { reference: build.id } }]);
    expect(world.told).toHaveLength(1);
  });

  test('a context full of credentials fills no log', async () => {
    const values = await Promise.all(Array.from({ length: 60 }, () => world.apiKey(world.acme.id, 'private')));
    const { build, builds } = await buildServices()({ dump: values.map(({ value }) => value).join('\n') });
    const lines = await builds.logs(world.acme.id, build.id, {});
    expect(lines).toHaveLength(51);
    expect(lines.at(-1)).toBe('WARNING: 10 more credentials are in the build context');
  });

  test('a build log, whether the worker took it out or not', async () => {
    const { value, id } = await world.apiKey(world.acme.id, 'private');
    const other = await world.token('u1');
    const { build, builds } = await buildServices()({});
    await builds.buildLines(build.id, [{ position: 0, text: `ENV KEY=${value}` }]);
    await world.leaks.sites.seen({
      type: 'credentials-seen',
      source: { kind: 'build', buildId: build.id },
      credentials: [{ value: other.value, count: 3 }],
    });
    const place = { kind: 'build_log', name: 'Dockerfile', reference: build.id };
    const findings = await world.findings(world.acme.id);
    expect(findings.sort((a, b) => a.count - b.count)).toMatchObject([
      { credential: { id }, place, count: 1 },
      { credential: { id: other.id }, place, count: 3 },
    ]);
  });

  test("an agent's log", async () => {
    const { value, id } = await world.token('u1');
    const agentId = '11111111-1111-4111-8111-111111111111';
    const at = world.clock.now().toISOString();
    await world.store.agents.insert({
      id: agentId,
      organizationId: world.acme.id,
      name: 'bot',
      region: testRegion.code,
      minAgents: 0,
      maxAgents: 1,
      reuseMaxSessions: null,
      reuseMaxMemoryPercent: null,
      websocketAuth: 'token',
      desiredDeploymentId: null,
      liveDeploymentId: null,
      reconciledDeploymentId: null,
      createdAt: at,
      updatedAt: at,
      deletedAt: null,
    });
    const logs = createFileLogStore({ directory: folder });
    const append = createWorkerLogs({ logs, clock: world.clock, log: { error() {} }, leaks: world.leaks.sites });
    const ids = { organizationId: world.acme.id, agentId, deploymentId: 'd1', instanceId: 'i1' };
    await append({ type: 'logs', ...ids, lines: [{ position: 1, time: at, text: `token ${value}` }] });
    expect(await world.findings(world.acme.id)).toMatchObject([
      { credential: { id }, place: { kind: 'agent_log', name: 'bot', reference: 'd1' } },
    ]);
    // An agent that the organization does not have is nobody's place.
    await append({
      type: 'logs',
      ...ids,
      organizationId: world.bolt.id,
      lines: [{ position: 2, time: at, text: value }],
    });
    expect(await world.findings(world.bolt.id)).toEqual([]);
    await logs.close();
  });

  test('a secret set', async () => {
    const live = await world.token('u1');
    const shown = await world.apiKey(world.acme.id, 'public');
    const box = createSecretBox({ masters: testKeys.masters, clock: world.clock });
    const secrets = createSecretService({ ...world, box, leaks: world.leaks.watch });
    await secrets.put(world.acme, testActor, 'main', {
      secrets: [
        { secretKey: 'PIPECAT_TOKEN', secretValue: live.value },
        { secretKey: 'PUBLIC', secretValue: shown.value },
        { secretKey: 'OTHER', secretValue: 'task_manager' },
      ],
    });
    expect(await world.findings(world.acme.id)).toMatchObject([
      { credential: { id: live.id }, place: { kind: 'secret_set', name: 'main/PIPECAT_TOKEN' } },
    ]);
  });
});
