import { formatToken } from '@pipecat-cloud/contract/token-format';
import type { Adapter } from 'oidc-provider';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCredentialDigests } from '../access/credential-digests.js';
import { databases } from '../testing/databases.js';
import {
  everythingStored,
  openTwoOrganizations,
  type TwoOrganizations,
  testActor,
  testKeys,
} from '../testing/two-organizations.js';
import { createOauthAdapter } from './oauth-adapter.js';
import { createOauthLogins } from './oauth-logins.js';
import { createRecordDigests } from './record-digests.js';
import { createRecordSeal } from './record-seal.js';

const accessToken = formatToken('oauth', '0123456789abcdef0123456789abcdef01234567');
const refreshToken = formatToken('refresh', '89abcdef0123456789abcdef0123456789abcdef');

describe.each(databases)('what the OAuth library stores, on $name', (database) => {
  let world: TwoOrganizations;
  let of: (model: string) => Adapter;
  let ended: string[];
  let peppers: typeof testKeys.peppers;

  function build() {
    const digests = createRecordDigests(createCredentialDigests(peppers));
    const logins = createOauthLogins({ ...world, digests, publicUrl: 'http://localhost:7400' });
    of = createOauthAdapter({
      ...world,
      digests,
      seal: createRecordSeal(testKeys.masters),
      endReplayed: async (grantDigest) => {
        ended.push(grantDigest);
        await logins.endReplayed(grantDigest);
      },
      alreadyUsed: () => new Error('used already'),
    });
    return { digests, logins };
  }
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    ended = [];
    peppers = testKeys.peppers;
    build();
  });
  afterEach(() => world.drop());

  test('comes back as it was, and again after a change', async () => {
    const codes = of('AuthorizationCode');
    await codes.upsert('code-1', { jti: 'code-1', grantId: 'grant-1', scope: 'openid', exp: 9e9 }, 60);
    expect(await codes.find('code-1')).toEqual({ jti: 'code-1', grantId: 'grant-1', scope: 'openid', exp: 9e9 });
    await codes.upsert('code-1', { jti: 'code-1', grantId: 'grant-1', scope: 'email', exp: 9e9 }, 60);
    expect(await codes.find('code-1')).toMatchObject({ scope: 'email' });
    expect(await codes.find('code-2')).toBeUndefined();
    expect(await of('RefreshToken').find('code-1')).toBeUndefined();
    await codes.destroy('code-1');
    expect(await codes.find('code-1')).toBeUndefined();
  });

  test('the database holds no id, no token, no user code, no state', async () => {
    await of('AccessToken').upsert(accessToken, { jti: accessToken, grantId: 'grant-secret', accountId: 'u1' }, 60);
    await of('RefreshToken').upsert(refreshToken, { jti: refreshToken, grantId: 'grant-secret' }, 60);
    await of('DeviceCode').upsert('device-secret', { jti: 'device-secret', userCode: 'WDJBMJHT' }, 60);
    await of('Interaction').upsert('uid-secret', { jti: 'uid-secret', params: { state: 'state-secret' } }, 60);
    const stored = await everythingStored(world);
    for (const secret of [accessToken, refreshToken, 'WDJBMJHT', 'secret', accessToken.slice(8, 30)])
      expect(stored).not.toContain(secret);
    expect(await of('AccessToken').find(accessToken)).toMatchObject({ jti: accessToken, accountId: 'u1' });
  });

  test('a record that was moved under another id does not open', async () => {
    await of('AuthorizationCode').upsert('mine', { jti: 'mine', accountId: 'u1' }, 60);
    await of('AuthorizationCode').upsert('theirs', { jti: 'theirs', accountId: 'u2' }, 60);
    const rows = await world.db.selectFrom('oauth_record').select(['digest', 'payload']).execute();
    const [first, second] = rows;
    await world.db
      .updateTable('oauth_record')
      .set({ payload: second?.payload ?? '' })
      .where('digest', '=', first?.digest ?? '')
      .execute();
    const found = await Promise.allSettled([
      of('AuthorizationCode').find('mine'),
      of('AuthorizationCode').find('theirs'),
    ]);
    expect(found.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('of many who use a code at once one wins, and its grant ends', async () => {
    const codes = of('AuthorizationCode');
    await codes.upsert('code', { jti: 'code', grantId: 'g' }, 60);
    const uses = await Promise.allSettled(Array.from({ length: 8 }, () => codes.consume('code')));
    expect(uses.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(new Set(ended).size).toBe(1);
    // With the grant goes all that it led to.
    expect(await codes.find('code')).toBeUndefined();
  });

  test('of many who use a refresh token at once one wins, and its grant lives', async () => {
    const tokens = of('RefreshToken');
    await tokens.upsert(refreshToken, { jti: refreshToken, grantId: 'g' }, 60);
    const uses = await Promise.allSettled(Array.from({ length: 8 }, () => tokens.consume(refreshToken)));
    expect(uses.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(ended).toEqual([]);
    expect(await tokens.find(refreshToken)).toMatchObject({ consumed: expect.any(Number) });
  });

  test('what was consumed stays consumed when it is written again', async () => {
    await of('DeviceCode').upsert('d', { jti: 'd', userCode: 'BCDFGHJK' }, 60);
    await of('DeviceCode').consume('d');
    await of('DeviceCode').upsert('d', { jti: 'd', userCode: 'BCDFGHJK', error: 'access_denied' }, 60);
    expect(await of('DeviceCode').find('d')).toMatchObject({ error: 'access_denied', consumed: expect.any(Number) });
  });

  test('a user code finds its device code and is taken once', async () => {
    const { digests } = build();
    await of('DeviceCode').upsert('d', { jti: 'd', userCode: 'BCDFGHJK' }, 60);
    expect(await of('DeviceCode').findByUserCode('BCDFGHJK')).toMatchObject({ jti: 'd', userCode: 'BCDFGHJK' });
    expect(await of('DeviceCode').findByUserCode('BCDFGHJL')).toBeUndefined();
    const take = () => world.store.oauthRecords.takeUserCode(digests.ofUserCode('BCDFGHJK'));
    expect((await Promise.all([take(), take(), take()])).filter(Boolean)).toHaveLength(1);
    expect(await of('DeviceCode').findByUserCode('BCDFGHJK')).toBeUndefined();
    // Written again, it does not come back.
    await of('DeviceCode').upsert('d', { jti: 'd', userCode: 'BCDFGHJK', accountId: 'u1' }, 60);
    expect(await of('DeviceCode').findByUserCode('BCDFGHJK')).toBeUndefined();
  });

  test('revoking by grant takes that kind of that grant alone', async () => {
    await of('AccessToken').upsert(accessToken, { jti: accessToken, grantId: 'g1' }, 60);
    await of('RefreshToken').upsert(refreshToken, { jti: refreshToken, grantId: 'g1' }, 60);
    await of('AuthorizationCode').upsert('other', { jti: 'other', grantId: 'g2' }, 60);
    await of('AccessToken').revokeByGrantId('g1');
    expect(await of('AccessToken').find(accessToken)).toBeUndefined();
    expect(await of('RefreshToken').find(refreshToken)).toBeDefined();
    await of('Grant').destroy('g1');
    expect(await of('RefreshToken').find(refreshToken)).toBeUndefined();
    expect(await of('AuthorizationCode').find('other')).toBeDefined();
  });

  async function insertLogin(grantId: string, userId = 'u1') {
    const { digests, logins } = build();
    const grantDigest = digests.ofGrant(grantId);
    await world.store.oauthLogins.insert({
      ...{ id: `login-${grantId}`, userId, grantDigest, clientId: 'pcc-cli', via: 'device', secondFactor: true },
      ...{ address: null, userAgent: null, createdAt: world.clock.now().toISOString() },
      expiresAt: new Date(world.clock.now().getTime() + 1000_000).toISOString(),
    });
    return logins;
  }

  test('an access token stands for its person until the sign-in ends, also one that is issued after that', async () => {
    const logins = await insertLogin('g1');
    await of('AccessToken').upsert(accessToken, { jti: accessToken, grantId: 'g1' }, 3600);
    const expiresAt = new Date(world.clock.now().getTime() + 1000_000).toISOString();
    const facts = { userId: 'u1', grantId: 'login-g1', secondFactor: true, expiresAt };
    expect(await logins.oauthOf(accessToken)).toEqual(facts);
    await of('Grant').destroy('g1');
    expect(await logins.oauthOf(accessToken)).toBeUndefined();
    // A refresh that was under way.
    await of('AccessToken').upsert(accessToken, { jti: accessToken, grantId: 'g1' }, 3600);
    expect(await logins.oauthOf(accessToken)).toBeUndefined();
  });

  test('all sign-ins of a person since a time end together, and those of others do not', async () => {
    await insertLogin('old');
    world.clock.advance(1000);
    const since = world.clock.now();
    await insertLogin('new');
    const logins = await insertLogin('theirs', 'u2');
    for (const grantId of ['old', 'new', 'theirs']) await of('Grant').upsert(grantId, { jti: grantId }, 600);
    const ended = await world.store.changeAccess((repos) => logins.endSince(repos, 'u1', since, testActor));
    expect(ended).toEqual(['login-new']);
    expect(await of('Grant').find('new')).toBeUndefined();
    expect(await of('Grant').find('old')).toBeDefined();
    expect(await of('Grant').find('theirs')).toBeDefined();
    expect((await logins.list('u1')).map(({ id }) => id)).toEqual(['login-old']);
  });

  test('what has expired says so, and is swept a day later', async () => {
    const { logins } = build();
    await of('DeviceCode').upsert('d', { jti: 'd', userCode: 'BCDFGHJK', exp: 9e9 }, 60);
    world.clock.advance(60_000);
    expect(await of('DeviceCode').find('d')).toMatchObject({ exp: 0 });
    await logins.sweep();
    expect(await of('DeviceCode').find('d')).toBeDefined();
    world.clock.advance(25 * 3_600_000);
    await logins.sweep();
    expect(await world.db.selectFrom('oauth_record').selectAll().execute()).toEqual([]);
  });

  test('under a new pepper old records are found, changed and tied to their grant', async () => {
    await of('Grant').upsert('g', { jti: 'g', accountId: 'u1' }, 600);
    await of('Interaction').upsert('i', { jti: 'i', params: {} }, 600);
    peppers = [{ id: 'new', key: Buffer.alloc(32, 9) }, ...testKeys.peppers];
    build();
    await of('Interaction').upsert('i', { jti: 'i', params: { more: 1 } }, 600);
    expect(await of('Interaction').find('i')).toMatchObject({ params: { more: 1 } });
    await of('RefreshToken').upsert(refreshToken, { jti: refreshToken, grantId: 'g' }, 600);
    await of('Grant').destroy('g');
    expect(await of('RefreshToken').find(refreshToken)).toBeUndefined();
  });

  test('a malformed token costs no query, and kinds that are not kept are not there', async () => {
    await world.db.schema.dropTable('oauth_record').execute();
    expect(await of('AccessToken').find('pcc_oat_0123')).toBeUndefined();
    expect(await of('RefreshToken').find(accessToken)).toBeUndefined();
    await of('Session').upsert('s', { jti: 's', accountId: 'u1' }, 60);
    expect(await of('Session').find('s')).toBeUndefined();
    expect(await of('Client').find('https://evil.example/client')).toBeUndefined();
  });
});
