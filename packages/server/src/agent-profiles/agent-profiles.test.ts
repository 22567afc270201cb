import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scratchDatabases } from '../testing/databases.js';
import { type Harness, harness, type Member, type TestOrganization } from '../testing/harness.js';

describe.each(scratchDatabases)('agent profiles on $name', ({ create }) => {
  let server: Harness;
  let org: TestOrganization;
  let admin: Member;
  let drop: () => Promise<void>;
  beforeEach(async () => {
    const scratch = await create();
    drop = scratch.drop;
    server = await harness(scratch.url ? { databaseUrl: scratch.url } : {});
    org = await server.organization('ours');
    admin = await org.member('admin');
  });
  afterEach(async () => {
    await server.end();
    await drop();
  });

  const root = '/v1/organizations/ours';
  const call = (method: 'GET' | 'POST' | 'PUT' | 'PATCH', path: string, body?: unknown) =>
    server.call(admin.token, method, root + path, body);
  const large = { apiName: 'telephony-large', displayName: 'Large', resources: { cpu: '2', memory: '4Gi' } };
  const make = (body: object = large) => call('POST', '/agent-profiles', body);
  const patch = (body: object) => call('PATCH', '/agent-profiles/telephony-large', body);
  const deploy = (method: 'POST' | 'PUT', body: object) =>
    call(method, '/services', { serviceName: 'bot', image: 'example/bot:1', ...body });
  const deployments = async () => (await call('GET', '/services/bot/deployments')).body.deployments;

  test('those of the platform come first, and each name is there as the contract and as the released client have it', async () => {
    await make();
    const { body } = await call('GET', '/agent-profiles');
    expect(body.agentProfiles.map((p: { apiName: string; custom: boolean }) => [p.apiName, p.custom])).toEqual([
      ['agent-1x', false],
      ['agent-2x', false],
      ['agent-3x', false],
      ['telephony-large', true],
    ]);
    expect(body.agentProfiles[0].resources).toEqual({ cpu: '500m', memory: '1Gi' });
    expect(body.agentProfiles[3]).toEqual({
      ...{ apiName: 'telephony-large', api_name: 'telephony-large', displayName: 'Large', display_name: 'Large' },
      ...{ resources: { cpu: '2', memory: '4Gi' }, custom: true, enabled: true },
    });
  });

  test('a name is made once, is none of the platform, and needs resources that are some', async () => {
    expect((await make()).status).toBe(200);
    expect((await make()).status).toBe(409);
    expect((await make({ ...large, apiName: 'agent-1x' })).body.code).toBe('CONFLICT');
    expect((await make({ ...large, apiName: 'Upper' })).status).toBe(400);
    const wrong = await make({ ...large, apiName: 'other', resources: { cpu: 'lots', memory: '4Gi' } });
    expect([wrong.status, wrong.body.code]).toEqual([400, 'GENERIC_BAD_REQUEST']);
    expect(wrong.body.error).toContain("'lots'");
    expect((await call('PATCH', '/agent-profiles/agent-1x', { enabled: false })).status).toBe(400);
    expect((await call('PATCH', '/agent-profiles/nothing', { enabled: false })).status).toBe(404);
  });

  test('a profile is of its organization alone', async () => {
    await make();
    const other = await (await server.organization('other')).member('owner');
    const list = await server.call(other.token, 'GET', '/v1/organizations/other/agent-profiles');
    expect(list.body.agentProfiles).toHaveLength(3);
    const deployed = await server.call(other.token, 'POST', '/v1/organizations/other/services', {
      ...{ serviceName: 'bot', image: 'x:1', agentProfile: 'telephony-large' },
    });
    expect([deployed.status, deployed.body.error]).toEqual([
      400,
      "There is no agent profile 'telephony-large' in this organization; choose one of agent-1x, agent-2x, agent-3x",
    ]);
  });

  test('a deploy takes it, and shows its resources', async () => {
    await make();
    const { body } = await deploy('POST', { agentProfile: 'telephony-large' });
    expect(body).toMatchObject({ agentProfile: 'telephony-large', resources: { cpu: '2', memory: '4Gi' } });
    expect(body.deployment.manifest.spec.resources).toEqual({ cpu: '2', memory: '4Gi' });
  });

  test('a changed profile causes no deployment and reaches the agent with the next one', async () => {
    await make();
    await deploy('POST', { agentProfile: 'telephony-large' });
    expect((await patch({ resources: { cpu: '3', memory: '6Gi' } })).body.resources).toEqual({
      cpu: '3',
      memory: '6Gi',
    });
    expect((await deploy('PUT', { autoScaling: { minAgents: 1 } })).body.resources).toEqual({
      cpu: '2',
      memory: '4Gi',
    });
    expect(await deployments()).toHaveLength(1);
    expect((await deploy('PUT', { image: 'example/bot:2' })).body.resources).toEqual({ cpu: '3', memory: '6Gi' });
    await patch({ resources: { cpu: '4', memory: '8Gi' } });
    // Named again, it is chosen as it is now.
    const named = await deploy('PUT', { image: 'example/bot:2', agentProfile: 'telephony-large' });
    expect(named.body.resources).toEqual({ cpu: '4', memory: '8Gi' });
    expect(await deployments()).toHaveLength(3);
  });

  test('a disabled profile can be chosen no more; agents that have it keep it, and it can be enabled again', async () => {
    await make();
    await deploy('POST', { agentProfile: 'telephony-large' });
    expect((await patch({ enabled: false })).body.enabled).toBe(false);
    const refused = await deploy('PUT', { agentProfile: 'telephony-large', image: 'example/bot:2' });
    expect([refused.status, refused.body.error]).toEqual([400, expect.stringContaining('is disabled')]);
    const kept = await deploy('PUT', { image: 'example/bot:2' });
    expect([kept.status, kept.body.agentProfile]).toEqual([200, 'telephony-large']);
    expect((await patch({ enabled: true, displayName: 'Large again' })).body).toMatchObject({
      ...{ enabled: true, displayName: 'Large again', resources: { cpu: '2', memory: '4Gi' } },
    });
    expect((await deploy('PUT', { agentProfile: 'telephony-large' })).status).toBe(200);
  });

  test('resources of its own take the place of a profile; both together are refused', async () => {
    const both = await deploy('POST', { agentProfile: 'agent-1x', resources: { cpu: '1', memory: '1Gi' } });
    expect([both.status, both.body.error]).toEqual([400, expect.stringContaining('not both')]);
    const { body } = await deploy('POST', { resources: { cpu: 2, memory: '3Gi' } });
    expect(body.agentProfile).toBeUndefined();
    expect(body.resources).toEqual({ cpu: '2', memory: '3Gi' });
    expect(body.deployment.manifest.spec.resources).toEqual({ cpu: '2', memory: '3Gi' });
    const same = await deploy('PUT', { resources: { cpu: '2', memory: '3Gi' } });
    expect(same.body.warning).toContain('Nothing changed');
    const other = await deploy('PUT', { resources: { cpu: '2', memory: '4Gi' } });
    expect(other.body.desiredDeploymentId).not.toBe(body.desiredDeploymentId);
    expect((await deploy('PUT', { agentProfile: 'agent-2x' })).body).toMatchObject({
      ...{ agentProfile: 'agent-2x', resources: { cpu: '1', memory: '2Gi' } },
    });
    for (const resources of [{ cpu: '1' }, { cpu: '1', memory: '1Gb' }, { cpu: true, memory: '1Gi' }, 'large']) {
      expect((await deploy('PUT', { resources })).status).toBe(400);
    }
  });

  test('both changes are in the audit log', async () => {
    await make();
    await patch({ enabled: false });
    const records = await server.store.audit.list(org.id, 5);
    expect(records.map(({ action }) => action)).toEqual(['agent_profile.changed', 'agent_profile.created']);
    expect(records[0]).toMatchObject({ target: 'telephony-large' });
  });
});
