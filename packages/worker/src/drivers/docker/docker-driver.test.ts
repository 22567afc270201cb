import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createEngine } from '../../engine/engine.js';
import { createIceEndpoint } from '../../ice/ice-endpoint.js';
import { createDockerSetup, type DockerSetup, removeAll } from '../../testing/docker-driver-setup.js';
import { never, readLines, specOf } from '../../testing/driver-tools.js';
import { createEngineProxy } from '../../testing/engine-proxy.js';
import { makeObedientImage, obedientImage, startObedient } from '../../testing/obedient-agent.js';
import { imageOf, onPodman, testEngineUrl } from '../../testing/test-images.js';
import { DriverError, DriverUnavailable } from '../driver.js';
import { labelNames, ofInstallation } from './labels.js';
import type { DockerDriverOptions } from './options.js';

interface Listed {
  Id: string;
  State: string;
}

describe.skipIf(!testEngineUrl)('docker driver, with a container engine', { timeout: 180_000 }, () => {
  let setup: DockerSetup;
  const others: (() => Promise<unknown>)[] = [];
  async function open(change: Partial<DockerDriverOptions> = {}): Promise<void> {
    setup = await createDockerSetup(change);
    await makeObedientImage(setup.engine);
  }
  beforeEach(() => {
    others.length = 0;
  });
  afterEach(async () => {
    for (const close of others) await close();
    await setup.close();
  });

  const nameOf = (instanceId: string) => `pcc-${setup.installationId}-${instanceId}`;
  const filters = () => ofInstallation(setup.installationId);
  const containers = () =>
    setup.engine.request<Listed[]>('GET', '/containers/json', { query: { all: true, filters: filters() } });
  const networks = () => setup.engine.request<Listed[]>('GET', '/networks', { query: { filters: filters() } });

  test('an instance has the limits of its spec, its secrets, and nothing of the worker but what is passed on', async () => {
    await open({ passEnvironment: ['HTTP_PROXY_OF_TEST'], limits: { pids: 99 } });
    const agent = await startObedient(setup.driver, {
      cpuMillicores: 1500,
      memoryMib: 300,
      environment: { API_KEY: 'sk-1', PORT: '1', HOME: '/of-the-set' },
    });
    const { HostConfig } = await setup.engine.request<{ HostConfig: object }>(
      'GET',
      `/containers/${nameOf(agent.instanceId)}/json`,
    );
    expect(HostConfig).toMatchObject({
      NanoCpus: 1.5e9,
      Memory: 300 * 1024 ** 2,
      MemorySwap: 300 * 1024 ** 2,
      PidsLimit: 99,
      RestartPolicy: { Name: 'no' },
      // Podman tells each of those that a container would have.
      CapDrop: onPodman ? expect.arrayContaining(['NET_RAW', 'SETUID']) : ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: false,
    });
    expect(await agent.tell('return process.env')).toMatchObject({
      API_KEY: 'sk-1',
      PORT: '8080',
      HOME: '/of-the-set',
      HTTP_PROXY_OF_TEST: 'http://proxy',
      PIPECAT_CLOUD_INSTANCE_ID: agent.instanceId,
    });
    expect(await agent.tell('return process.env.PIPECAT_CLOUD_TEST ?? null')).toBeNull();
    expect(await setup.driver.secrets(agent.instanceId)).toEqual({
      API_KEY: 'sk-1',
      HOME: '/of-the-set',
      PORT: '8080',
    });
  });

  test('an instance fetches its ICE servers from this machine, at the address that it has in its network', async () => {
    const control = createServer((_request, response) => response.end('their servers')).listen(0, '127.0.0.1');
    await once(control, 'listening');
    const workerDir = await mkdtemp(join(tmpdir(), 'ice-'));
    const ice = await createIceEndpoint({
      workerDir,
      controlUrl: `http://127.0.0.1:${(control.address() as AddressInfo).port}`,
      credential: async () => 'credential',
      log: pino({ level: 'silent' }),
    });
    others.push(
      ice.close,
      async () => control.close(),
      () => rm(workerDir, { recursive: true }),
    );
    await open({ iceConfigUrl: ice.urlAt });
    const agent = await startObedient(setup.driver);
    const fetched = () => agent.tell('return fetch(process.env.ICE_CONFIG_URL).then((answer) => answer.text())');
    // Of some engines the address is there only after the instance is.
    await vi.waitFor(async () => expect(await fetched()).toBe('their servers'), { timeout: 20_000 });
  });

  test('an image that says so has a root that can not be written to, and room for temporary files', async () => {
    await open();
    await imageOf(
      setup.engine,
      'localhost/pcc-test-read-only:1',
      {
        'agent.mjs':
          "import fs from 'node:fs'; for (const path of ['/app/x', '/tmp/x']) try { fs.writeFileSync(path, ''); console.log(path, 'written'); } catch (error) { console.log(path, error.code); }",
      },
      { also: 'LABEL pipecat-cloud.read-only-root=true' },
    );
    const spec = { ...specOf(''), source: { type: 'image' as const, image: 'localhost/pcc-test-read-only:1' } };
    await setup.driver.ensure(spec, never);
    const lines = await readLines(setup.driver, spec.instanceId, 0, 2);
    expect(lines.map(({ text }) => text)).toEqual(['/app/x EROFS', '/tmp/x written']);
  });

  test('a volume that its image declares is no disk without a limit: it is in memory, and a write beyond half of it fails', async () => {
    await open();
    const script =
      "import fs from 'node:fs'; const fill = (size) => { try { fs.writeFileSync('/data/x', Buffer.alloc(size)); console.log('written'); } catch (error) { console.log(error.code); } }; fill(1e6); fill(120e6); setInterval(() => {}, 1000);";
    await imageOf(setup.engine, 'localhost/pcc-test-volume:1', { 'agent.mjs': script }, { also: 'VOLUME /data' });
    const spec = {
      ...specOf(''),
      memoryMib: 200,
      source: { type: 'image' as const, image: 'localhost/pcc-test-volume:1' },
    };
    await setup.driver.ensure(spec, never);
    const lines = await readLines(setup.driver, spec.instanceId, 0, 2);
    expect(lines.map(({ text }) => text)).toEqual(['written', 'ENOSPC']);
    const path = `/containers/${nameOf(spec.instanceId)}/json`;
    expect(await setup.engine.request('GET', path)).toMatchObject({ Mounts: [] });
  });

  test('an image whose volume would hide its program is refused, with the way out', async () => {
    await open();
    await imageOf(setup.engine, 'localhost/pcc-test-volume:2', {}, { also: 'VOLUME /app' });
    const spec = { ...specOf(''), source: { type: 'image' as const, image: 'localhost/pcc-test-volume:2' } };
    await expect(setup.driver.ensure(spec, never)).rejects.toThrow(/declares VOLUME \/app.*Take that line out/);
  });

  test('lines say which stream they came on, long ones too', async () => {
    await open();
    const script =
      "console.log('out'); console.error('err'); console.error('e'.repeat(40000)); console.log('out again'); setInterval(() => {}, 1000);";
    await imageOf(setup.engine, 'localhost/pcc-test-streams:1', { 'agent.mjs': script });
    const spec = { ...specOf(''), source: { type: 'image' as const, image: 'localhost/pcc-test-streams:1' } };
    await setup.driver.ensure(spec, never);
    const lines = await readLines(setup.driver, spec.instanceId, 0, 6);
    const of = (which: string) => lines.filter(({ stream }) => stream === which).map(({ text }) => text);
    expect(of('stdout')).toEqual(['out', 'out again']);
    expect([of('stderr')[0], of('stderr').slice(1).join('')]).toEqual(['err', 'e'.repeat(40_000)]);
  });

  test('its image is told by its digest, and the engine by name and version', async () => {
    await open();
    expect(await setup.driver.engine?.()).toMatchObject({
      name: expect.stringMatching(/Docker|Podman/),
      version: expect.stringMatching(/^\d/),
    });
    const agent = await startObedient(setup.driver);
    expect((await agent.seen())?.imageDigest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test('another installation neither sees nor touches what is here', async () => {
    await open();
    const agent = await startObedient(setup.driver);
    const installationId = `${setup.installationId}-other`;
    const other = await setup.another({ installationId, directory: join(setup.directory, 'other') });
    others.push(async () => {
      await other.close();
      await removeAll(setup.engine, installationId);
    });
    expect(await other.list()).toEqual([]);
    await other.remove(agent.instanceId, { graceSeconds: 0 });
    expect((await agent.seen())?.state).toBe('running');
  });

  test('what an ensure left half made is removed by the next driver', async () => {
    await open();
    await setup.engine.request('POST', '/containers/create', {
      query: { name: nameOf('i-half') },
      body: {
        Image: obedientImage,
        Labels: { [labelNames.installation]: setup.installationId, [labelNames.instanceId]: 'i-half' },
      },
    });
    const driver = await setup.restart();
    expect(await driver.list()).toEqual([]);
    expect(await containers()).toEqual([]);
  });

  test('an ensure that fails, or is called off while it works, leaves neither container nor output', async () => {
    await open();
    await imageOf(setup.engine, 'localhost/pcc-test-broken:1', { x: '' }, { command: [] });
    const spec = { ...specOf(''), source: { type: 'image' as const, image: 'localhost/pcc-test-broken:1' } };
    const refusal = await setup.driver.ensure(spec, never).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(DriverError);
    expect((refusal as Error).message).toMatch(/no command (specified|or entrypoint provided)/i);
    const off = new AbortController();
    const ensuring = setup.driver.ensure(
      { ...specOf(''), source: { type: 'image', image: obedientImage } },
      off.signal,
    );
    await vi.waitFor(async () => expect((await containers()).length + (await networks()).length).toBeGreaterThan(0));
    off.abort(new Error('off'));
    await ensuring.catch((error: Error) => expect(error.message).toBe('off'));
    for (const { instanceId } of await setup.driver.list()) await setup.driver.remove(instanceId, { graceSeconds: 0 });
    expect(await containers()).toEqual([]);
    expect(await readdir(join(setup.directory, 'container-output'))).toEqual([]);
  });

  test('organizations have networks of their own, which go with their last instance', async () => {
    await open({ limits: { idleNetworkMs: 0 } });
    const [first, second] = [
      await startObedient(setup.driver),
      await startObedient(setup.driver, { organizationId: 'org-2' }),
    ];
    expect(await networks()).toHaveLength(2);
    await setup.driver.remove(first.instanceId, { graceSeconds: 0 });
    await setup.driver.remove(second.instanceId, { graceSeconds: 0 });
    // At its end a worker takes along what nothing needs.
    await setup.driver.close();
    expect(await networks()).toEqual([]);
    await setup.restart();
  });

  test('an engine that does not keep networks apart is told as such, until the operator has seen to it', async () => {
    await open();
    expect((await setup.driver.engine?.())?.networksMixed).toBe(onPodman ? true : undefined);
    const seenTo = await setup.another({ installationId: `${setup.installationId}-2`, networksApart: true });
    others.push(seenTo.close);
    expect((await seenTo.engine?.())?.networksMixed).toBeUndefined();
  });

  test('where the networks of the engine can not be reached, an instance answers at a port of this machine', async () => {
    await open({ reach: 'published' });
    const agent = await startObedient(setup.driver);
    expect(agent.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  test('an engine that hangs is given up with a refusal that says so, leaves nothing, and is worked with when it answers again', async () => {
    const proxy = await createEngineProxy(testEngineUrl ?? '');
    await open({ engine: createEngine({ url: proxy.url, deadlineMs: 4_000 }) });
    others.push(proxy.close);
    const exits: string[] = [];
    setup.driver.onExit((id) => exits.push(id));
    const agent = await startObedient(setup.driver);
    proxy.hang();
    await expect(setup.driver.list()).rejects.toThrow('did not answer');
    const spec = { ...agent.spec, instanceId: 'i-while-hanging' };
    const refusal = await setup.driver.ensure(spec, never).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(DriverUnavailable);
    expect((refusal as Error).message).toContain('did not answer');
    // The session of an instance goes on all the while.
    expect(await agent.tell('return 1')).toBe(1);
    proxy.comeBack();
    await vi.waitFor(async () => expect((await agent.seen())?.state).toBe('running'));
    expect((await setup.driver.list()).map(({ instanceId }) => instanceId)).toEqual([agent.instanceId]);
    expect(exits).toEqual([]);
    await startObedient(setup.driver);
  });

  test('whether an instance runs is asked of the engine itself, and known where that is away and has started nothing since', async () => {
    const proxy = await createEngineProxy(testEngineUrl ?? '');
    await open({ engine: createEngine({ url: proxy.url }) });
    others.push(proxy.close);
    const agents = [await startObedient(setup.driver), await startObedient(setup.driver)];
    const run = () => Promise.all(agents.map(({ instanceId }) => setup.driver.runs?.(instanceId)));
    expect(await run()).toEqual([true, true]);
    await setup.engine.request('POST', `/containers/${nameOf(agents[0]?.instanceId ?? '')}/kill`);
    expect(await run()).toEqual([false, true]);
    await setup.driver.list();
    proxy.leave();
    expect(await run()).toEqual([false, true]);
    proxy.comeBack();
  });

  test('ends that nobody told, because the engine was away, are told when it is back, and output is read on', async () => {
    const proxy = await createEngineProxy(testEngineUrl ?? '');
    await open({ engine: createEngine({ url: proxy.url }) });
    others.push(proxy.close);
    const exits: string[] = [];
    setup.driver.onExit((id) => exits.push(id));
    const [ended, lasting] = [await startObedient(setup.driver), await startObedient(setup.driver)];
    await lasting.tell("console.log('before')");
    const reading = readLines(setup.driver, lasting.instanceId, 0, 2);
    await vi.waitFor(async () => expect(await setup.driver.logEnd(lasting.instanceId)).toBe('before\n'.length));
    proxy.leave();
    // As a restart of the engine does to containers, and to those that live through it.
    await setup.engine.request('POST', `/containers/${nameOf(ended.instanceId)}/kill`);
    await lasting.tell("console.log('meanwhile')");
    proxy.comeBack();
    await vi.waitFor(() => expect(exits).toEqual([ended.instanceId]));
    expect((await ended.seen())?.exit).toMatchObject({ signal: 'SIGKILL' });
    expect((await reading).map(({ text }) => text)).toEqual(['before', 'meanwhile']);
  });

  test('output that was written while no worker was there is read once, in order', async () => {
    await open();
    const agent = await startObedient(setup.driver);
    await agent.tell("console.log('one'); console.error('two')");
    const before = await readLines(setup.driver, agent.instanceId, 0, 2);
    await setup.driver.close();
    await agent.tell("for (let i = 0; i < 1000; i++) console.log('line ' + i)");
    const driver = await setup.restart();
    const lines = await readLines(driver, agent.instanceId, before.at(-1)?.position ?? 0, 1000);
    expect(lines.map(({ text }) => text)).toEqual(Array.from({ length: 1000 }, (_, i) => `line ${i}`));
    expect(await driver.logEnd(agent.instanceId)).toBe(lines.at(-1)?.position);
  });
});
