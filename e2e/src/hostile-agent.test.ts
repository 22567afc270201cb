import { randomUUID } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { routeAccess } from '@pipecat-cloud/contract/permissions';
import { hopHeader } from '@pipecat-cloud/contract/worker-protocol';
import { createEngine, type Engine } from '@pipecat-cloud/worker/engine/engine';
import { agentImage } from '@pipecat-cloud/worker/testing/test-images';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sessionOf, startSession } from './support/agents.js';
import { call } from './support/api.js';
import { type Cli, createCli } from './support/cli.js';
import { type Cloud, startCloud } from './support/cloud.js';
import { listOfInstallation } from './support/containers.js';
import { missing, resources } from './support/environment.js';
import { portsOf } from './support/listening.js';
import { cleanUp, inRoot } from './support/paths.js';
import { freePort } from './support/ports.js';
import { addOrganization } from './support/second-organization.js';

/** Somebody with a session of the agent. */
interface Team {
  cli: Cli;
  key: string;
  session: string;
}

const lacking = missing('engine');

// What docs/isolation.md says of the network, tried from inside a container against the processes that `npm start` runs.
describe.skipIf(lacking)(`a hostile agent in an installation${lacking ? ` (${lacking})` : ''}`, () => {
  const image = `pcc-test-hostile:${randomUUID()}`;
  const driver = { PIPECAT_CLOUD_WORKER_DRIVER: 'docker', PIPECAT_CLOUD_WORKER_ENGINE: resources.engine ?? '' };
  let engine: Engine;
  let cloud: Cloud;
  let tokens: { own: string; stranger: string };
  let own: Team;
  let stranger: Team;

  beforeAll(async () => {
    engine = createEngine({ url: resources.engine ?? '' });
    await agentImage(engine, image, inRoot('e2e/agents/hostile/bot.ts'));
    // One that nobody else takes while it is stopped.
    const first = await startCloud({ port: await freePort() });
    tokens = { own: first.token(), stranger: '' };
    await first.stop();
    tokens.stranger = await addOrganization(first.dataDir, 'strangers');
    await begin(first, { deployed: false });
  });
  afterAll(async () => {
    await cleanUp();
    await engine?.request('DELETE', `/images/${image}`, { query: { force: true } });
    await engine?.close();
  });

  /** Runs it with these settings, and an agent with a session in each of two organizations. */
  async function begin(
    { dataDir, port }: Pick<Cloud, 'dataDir' | 'port'>,
    { deployed = true, env = {} },
  ): Promise<void> {
    cloud = await startCloud({ dataDir, port, env: { ...driver, ...env } });
    const enter = async (organization: string, token: string) => {
      const cli = createCli({ token, port });
      if (!deployed) await cli.ok(['deploy', 'hostile', image, '--yes', '--organization', organization]);
      const { key } = await cloud.client(token).createApiKey(organization, { name: randomUUID(), type: 'public' });
      return { cli, key, session: await startSession(cli, 'hostile') };
    };
    own = await enter('my-team', tokens.own);
    stranger = await enter('strangers', tokens.stranger);
  }

  /** Runs the body of an async function in the agent; resolves to what it returns. */
  async function tell<T>(code: string, { key, session } = own): Promise<T> {
    const at = `/v1/public/hostile/sessions/${session}/run`;
    const { status, body, text } = await call(cloud.url, 'POST', at, { token: key, body: code });
    if (status !== 200) throw new Error(text);
    return body as T;
  }

  /** Which of these addresses (`host port`) take a connection from the agent. One that has to is waited for, however busy the machine is. */
  const reached = (targets: string[], has: (target: string) => boolean) =>
    tell<string[]>(`
      const { connect } = await import('node:net');
      const take = ([target, patienceMs]) => new Promise((resolve) => {
        const [host, port] = target.split(' ');
        const socket = connect({ host, port }, () => resolve(target)).on('error', () => resolve()).setTimeout(patienceMs, () => resolve());
        socket.on('connect', () => socket.destroy());
      });
      const targets = ${JSON.stringify(targets.map((target) => [target, has(target) ? 60_000 : 3_000]))};
      return (await Promise.all(targets.map(take))).filter(Boolean);
    `);

  /** What requests from the agent are answered with. */
  const answers = (requests: { url: string; method?: string; headers?: object }[]) =>
    tell<number[]>(`
      const statuses = [];
      for (const { url, ...request } of ${JSON.stringify(requests)}) statuses.push((await fetch(url, request)).status);
      return statuses;
    `);

  /** What an upgrade by the agent is answered with. */
  const upgrade = (url: string, headers: object = {}) =>
    tell<number>(`
      const { request } = await import('node:http');
      const asked = { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': 13, 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' };
      return await new Promise((resolve, reject) => request(${JSON.stringify(url)}, { headers: { ...asked, ...${JSON.stringify(headers)} } })
        .on('response', (response) => resolve(response.statusCode)).on('upgrade', () => resolve(101)).on('error', reject).end());
    `);

  async function gateways(): Promise<string[]> {
    const networks = await listOfInstallation<{ IPAM: { Config: { Gateway: string }[] } }>(
      engine,
      cloud.dataDir,
      '/networks',
    );
    return networks.flatMap(({ IPAM }) => IPAM.Config.map(({ Gateway }) => Gateway));
  }

  /** Those that have an address: one that is being made or removed has none. */
  async function instances() {
    const found = await listOfInstallation<{
      Labels: Record<string, string>;
      NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
    }>(engine, cloud.dataDir, '/containers/json');
    return found
      .map(({ Labels, NetworkSettings }) => ({
        id: Labels['pipecat-cloud.instance'] ?? '',
        ip: Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? '',
      }))
      .filter(({ ip }) => ip !== '');
  }

  const portsOfInstallation = () => (['server', 'worker'] as const).flatMap((part) => portsOf(cloud.pid(part) ?? 0));

  async function strangerGoesOn(): Promise<void> {
    expect(await tell('return 1', stranger)).toBe(1);
    expect(await sessionOf(stranger.cli, 'hostile', stranger.session)).toMatchObject({ state: 'active' });
  }

  test('reaches no port of control plane and worker, at no address of this machine, but the one with the ICE servers', async () => {
    // Not the bridges of others: workers of other suites listen there.
    const here = Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
      /^(br-|docker)/.test(name) ? [] : (addresses ?? []),
    );
    const hosts = [...new Set([...here.map(({ address }) => address), ...(await gateways())])];
    const ports = portsOfInstallation();
    const ice = new URL(await tell<string>('return process.env.ICE_CONFIG_URL'));
    expect(ports).toEqual(expect.arrayContaining([cloud.port, Number(ice.port)]));
    expect(ports.length).toBeGreaterThanOrEqual(3);
    const targets = hosts.flatMap((host) => ports.map((port) => `${host} ${port}`));
    const open = `${ice.hostname} ${ice.port}`;
    expect(targets).toContain(open);
    const found = await reached(targets, (target) => target === open);
    expect([...new Set(found.map((target) => target.split(' ')[1]))]).toEqual([ice.port]);
    const paths = ['/ice-servers', '/', '/metrics', '/v1/organizations', '/instances/x/bot', '/v1/workers/channel'];
    const said = await answers(paths.map((path) => ({ url: new URL(path, ice).href })));
    expect(said).toEqual([200, ...paths.slice(1).map(() => 404)]);
    await strangerGoesOn();
  });

  test("reaches neither another organization's instance, nor the engine, nor a file of the installation", async () => {
    const [ip] = await tell<string[]>(`
      const { networkInterfaces } = await import('node:os');
      return Object.values(networkInterfaces()).flat().filter(({ internal }) => !internal).map(({ address }) => address);
    `);
    const all = (await instances()).map((instance) => instance.ip);
    expect(all).toContain(ip);
    expect(all.length).toBeGreaterThanOrEqual(2);
    // It does reach itself: the rest does not fail for want of a network.
    const itself = `${ip} 8080`;
    const targets = all.map((each) => `${each} 8080`);
    expect(await reached(targets, (target) => target === itself)).toEqual([itself]);
    const socket = (resources.engine ?? '').replace('unix://', '');
    const files = [socket, '/var/run/docker.sock', cloud.dataDir];
    const seen = `return ${JSON.stringify(files)}.filter((await import('node:fs')).existsSync)`;
    expect(await tell(seen)).toEqual([]);
    await strangerGoesOn();
  });

  test('is refused by control plane and worker where they listen on every address of this machine', async () => {
    await cloud.stop();
    await begin(cloud, {
      env: { PIPECAT_CLOUD_HOST: '0.0.0.0', PIPECAT_CLOUD_WORKER_DATA_HOST: '0.0.0.0' },
    });
    const ice = new URL(await tell<string>('return process.env.ICE_CONFIG_URL'));
    const dataPort = portsOf(cloud.pid('worker') ?? 0).find((port) => port !== Number(ice.port));
    const [api, data] = [`http://${ice.hostname}:${cloud.port}`, `http://${ice.hostname}:${dataPort}`];

    const closed = Object.entries(routeAccess).flatMap(([route, { needs }]) => (needs === 'anyone' ? [] : [route]));
    const requests = closed.concat('GET /metrics').map((route) => {
      const [method = '', path = ''] = route.replace('ANY', 'GET').replace(':org', 'my-team').split(' ');
      return { url: api + path.replace(/:name|:agent/, 'hostile').replace(/:\w+|\*/g, 'x'), method };
    });
    const said = await answers(requests);
    const open = requests.filter((_, index) => said[index] !== 401);
    // Workers come there by an upgrade.
    expect(open).toEqual([{ url: `${api}/v1/workers/channel`, method: 'GET' }]);
    expect(await upgrade(`${api}/v1/workers/channel`)).toBe(401);
    expect(await upgrade(`${api}/ws/generic/hostile.strangers`)).toBe(403);

    expect(await answers([{ url: `${data}/metrics` }])).toEqual([401]);
    const claims = { sessionId: stranger.session, epoch: 1, expires: 9_999_999_999 };
    for (const { id } of await instances()) {
      const body = Buffer.from(JSON.stringify({ ...claims, instanceId: id })).toString('base64url');
      const forged = { [hopHeader]: `${body}.${Buffer.alloc(64).toString('base64url')}` };
      const at = `${data}/instances/${id}/run`;
      const refused = [{ url: at }, { url: at, headers: forged }, { url: at, method: 'POST', headers: forged }];
      expect(await answers(refused)).toEqual([403, 403, 403]);
      expect(await upgrade(`${data}/instances/${id}/ws`, forged)).toBe(403);
    }
    await strangerGoesOn();
  });
});
