import { Agent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { permissions } from '@pipecat-cloud/contract/permissions';
import { afterEach, describe, expect, test } from 'vitest';
import { scratchDatabases } from '../testing/databases.js';
import { type Harness, harness, type TestOrganization } from '../testing/harness.js';

const connections = 50;

/** One GET on the connection; resolves to its status. */
function get(agent: Agent, port: number, path: string, token: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ agent, port, path, host: '127.0.0.1', headers: { authorization: `Bearer ${token}` } }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
    })
      .on('error', reject)
      .end();
  });
}

/**
 * Sends requests on many connections without a pause, revokes in the middle, and returns how many that were sent after the revoking
 * call had returned were accepted.
 */
async function hammer(port: number, path: string, token: string, revoke: () => Promise<unknown>) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  let revoked = false;
  let done = false;
  const accepted = { before: 0, after: 0 };
  let refused = 0;
  const loop = async () => {
    while (!done) {
      const sentAfter = revoked;
      const status = await get(agent, port, path, token);
      if (status === 200) accepted[sentAfter ? 'after' : 'before']++;
      else if (sentAfter) refused++;
    }
  };
  const loops = Array.from({ length: connections }, loop);
  const until = async (condition: () => boolean) => {
    while (!condition()) await get(agent, port, '/livez', token);
  };
  try {
    await until(() => accepted.before >= connections);
    await revoke();
    revoked = true;
    await until(() => refused >= 4 * connections || accepted.after > 0);
  } finally {
    done = true;
    await Promise.all(loops);
    agent.destroy();
  }
  return { ...accepted, refused };
}

describe.each(scratchDatabases)('after a call that revokes has returned, on $name', ({ create }) => {
  let server: Harness;
  let drop: () => Promise<void>;
  let org: TestOrganization;
  let boss: string;

  async function start(): Promise<number> {
    const database = await create();
    drop = database.drop;
    server = await harness(database.url ? { databaseUrl: database.url } : {});
    await server.http.listen({ port: 0, host: '127.0.0.1' });
    org = await server.organization('hammered');
    boss = (await org.member('owner', { permissions: [...permissions] })).token;
    return (server.http.server.address() as AddressInfo).port;
  }
  afterEach(async () => {
    await server.end();
    await drop();
  });

  const ok = async (method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object, token = boss) => {
    const answer = await server.call(token, method, path, body);
    expect(answer.body).toMatchObject({});
    expect(answer.status).toBe(200);
    return answer.body;
  };
  const path = '/v1/organizations/hammered';

  test.each<[string, () => Promise<{ token: string; revoke: () => Promise<unknown>; at?: string }>]>([
    [
      'a token',
      async () => {
        const { token, tokenId } = await org.member('viewer');
        return { token, revoke: () => ok('DELETE', `/v1/tokens/${tokenId}`, undefined, token) };
      },
    ],
    [
      'the token that it was derived from',
      async () => {
        const parent = await org.member('viewer', { permissions: ['tokens:write', 'agents:read'] });
        const body = { name: 'child', grant: { permissions: ['agents:read'] } };
        const { value } = await ok('POST', '/v1/tokens/self/derive', body, parent.token);
        return { token: value, revoke: () => ok('DELETE', '/v1/tokens/self', undefined, parent.token) };
      },
    ],
    [
      'its service account',
      async () => {
        const admin = await org.member('owner', { permissions: ['tokens:write', 'members:write', 'agents:read'] });
        const id = crypto.randomUUID();
        await server.store.serviceAccounts.insert({
          id,
          organizationId: org.id,
          name: 'ci',
          description: '',
          role: 'viewer',
          createdAt: new Date().toISOString(),
          createdBy: null,
          disabledAt: null,
        });
        const body = { name: 'ci', grant: { permissions: ['agents:read'] } };
        const { value } = await ok('POST', `${path}/service-accounts/ci/tokens`, body, admin.token);
        return { token: value, revoke: () => ok('DELETE', `${path}/service-accounts/ci`) };
      },
    ],
    [
      'its owner’s membership',
      async () => {
        const { token, tokenId, userId } = await org.member('viewer');
        const tokens = [{ id: tokenId }];
        return { token, at: `${path}/services`, revoke: () => ok('DELETE', `${path}/members/${userId}`, { tokens }) };
      },
    ],
    [
      'the policy that let it in',
      async () => {
        const { token } = await org.member('viewer');
        const revoke = () => ok('PUT', `${path}/policy`, { personalTokens: 'admins' });
        return { token, at: `${path}/services`, revoke };
      },
    ],
  ])('nothing is accepted any more: %s', async (_what, prepare) => {
    const port = await start();
    const { token, revoke, at = '/v1/users' } = await prepare();
    const { before, after, refused } = await hammer(port, at, token, revoke);
    expect(before).toBeGreaterThanOrEqual(connections);
    expect(refused).toBeGreaterThan(0);
    expect(after).toBe(0);
  });
});
