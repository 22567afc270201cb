import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Harness, harness, type Member } from '../testing/harness.js';
import { createLogKeeping } from './log-keeping.js';
import type { LogStore, PruneOrder } from './log-store.js';

const services = '/v1/organizations/ours/services';
const day = 24 * 60 * 60 * 1000;
const mib = 1024 * 1024;

describe('how long logs are kept', () => {
  let server: Harness;
  let developer: Member;
  let viewer: Member;
  let agentId: string;
  beforeEach(async () => {
    server = await harness({ environment: { PIPECAT_CLOUD_LOG_DAYS: '10', PIPECAT_CLOUD_LOG_AGENT_MAX_MB: '0' } });
    const ours = await server.organization('ours');
    developer = await ours.member('developer');
    viewer = await ours.member('viewer');
    const order = { serviceName: 'bot', image: 'example/bot:1', autoScaling: { maxAgents: 1 } };
    expect((await server.call(developer.token, 'POST', services, order)).status).toBe(200);
    agentId = (await server.store.agents.find(ours.id, 'bot'))?.id ?? '';
  });
  afterEach(() => server.end());

  const path = `${services}/bot/log-retention`;
  const get = async () => (await server.call(viewer.token, 'GET', path)).body;
  const put = (token: string, body: object, of = path) => server.call(token, 'PUT', of, body);

  test("an agent's own limit holds where it is the smaller one, and whoever changes it stands in the audit log", async () => {
    expect(await get()).toEqual({ days: null, megabytes: null, effective: { days: 10, megabytes: 0 } });
    const changed = await put(developer.token, { days: 3, megabytes: 500 });
    expect(changed.body).toEqual({ days: 3, megabytes: 500, effective: { days: 3, megabytes: 500 } });
    await put(developer.token, { days: 300, megabytes: null });
    expect(await get()).toEqual({ days: 300, megabytes: null, effective: { days: 10, megabytes: 0 } });
    const owner = await (await server.organization('x')).member('owner');
    expect((await put(owner.token, { days: 1, megabytes: null })).status).toBe(403);
    expect((await put(viewer.token, { days: 1, megabytes: null })).status).toBe(403);
    expect((await put(developer.token, { days: 0, megabytes: null })).status).toBe(400);
    expect((await put(developer.token, { days: 1 })).status).toBe(400);
    expect((await put(developer.token, { days: 1, megabytes: 1 }, `${services}/no/log-retention`)).status).toBe(404);
  });

  test('pruning is given the limits of each agent and of all together', async () => {
    await put(developer.token, { days: 3, megabytes: 5 });
    const orders: PruneOrder[] = [];
    const logs: Pick<LogStore, 'prune'> = {
      prune: async (order) => {
        orders.push(order);
        return { bytes: 7, agents: 1 };
      },
    };
    const keeping = createLogKeeping({
      config: { days: 10, agentMegabytes: 20, totalMegabytes: 30 },
      ...{ store: server.store, logs: logs as LogStore, clock: { now: () => new Date(0) }, log: { error() {} } },
      audit: undefined as never,
    });
    await keeping.prune();
    const [order] = orders;
    expect(order?.totalBytes).toBe(30 * mib);
    expect(order?.limitsOf(agentId)).toEqual({ maxAgeMs: 3 * day, maxBytes: 5 * mib });
    expect(order?.limitsOf('another')).toEqual({ maxAgeMs: 10 * day, maxBytes: 20 * mib });
    expect(keeping.size()).toEqual({ bytes: 7, agents: 1 });
  });
});
