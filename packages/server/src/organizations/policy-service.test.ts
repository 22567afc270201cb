import { permissions } from '@pipecat-cloud/contract/permissions';
import { defaultPolicy } from '@pipecat-cloud/contract/policies';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Notification } from '../notifications/notify.js';
import { atOnce } from '../testing/at-once.js';
import { addMember, addToken, personIn, tokenIn } from '../testing/callers.js';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations } from '../testing/two-organizations.js';
import { createPolicyService, type PolicyService } from './policy-service.js';
import { createUnusedTokenSweep } from './unused-tokens.js';

const dayMs = 24 * 60 * 60 * 1000;

describe.each(databases)('the policy of an organization on $name', (database) => {
  let world: TwoOrganizations;
  let policies: PolicyService;
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    policies = createPolicyService(world);
    await addMember(world.store, 'org-a', 'dan', 'developer');
    await world.store.serviceAccounts.insert({
      ...{ id: 'sa', organizationId: 'org-a', name: 'ci', description: '', role: 'developer' },
      ...{ createdAt: '2026-05-04T10:00:00.000Z', createdBy: null, disabledAt: null },
    });
  });
  afterEach(() => world.drop());
  const owner = () => personIn(world.acme, 'u1', 'owner');
  const ofAccount = { serviceAccount: { id: 'sa', organizationId: 'org-a' } };
  const used = async (id: string, daysAgo: number, address = '192.0.2.50') => {
    const at = new Date(world.clock.now().getTime() - daysAgo * dayMs).toISOString();
    await world.store.tokens.recordUse({ id, at, address, userAgent: 'cli', ciRun: null, permissions: 0 });
  };

  test('asks nothing until it is set; absent members stay; both sides of a change are on record', async () => {
    expect(await policies.get('org-a')).toEqual({ policy: defaultPolicy, updatedAt: null });
    world.clock.advance(1000);
    await policies.put(owner(), { maxTokenDays: 30, personalTokens: 'admins' });
    const { policy } = await policies.put(owner(), { maxTokenDays: null, onLeak: 'revoke' });
    expect(policy).toEqual({ ...defaultPolicy, personalTokens: 'admins', onLeak: 'revoke' });
    expect(await policies.get('org-a')).toEqual({ policy, updatedAt: '2026-05-04T10:00:01.000Z' });
    expect(await policies.get('org-b')).toEqual({ policy: defaultPolicy, updatedAt: null });
    const [last, ...others] = (await world.store.audit.list('org-a', 10)).filter(
      ({ detail }) => (detail as { after: object }).after && 'onLeak' in (detail as { after: object }).after,
    );
    expect(last?.detail).toEqual({
      before: { maxTokenDays: 30, onLeak: 'alert' },
      after: { maxTokenDays: null, onLeak: 'revoke' },
    });
    expect(others).toEqual([]);
    // The same again changes nothing and leaves no record.
    await policies.put(owner(), { onLeak: 'revoke' });
    expect(await world.store.audit.list('org-a', 10)).toHaveLength(2);
  });

  test('changes at once are both kept', async () => {
    await atOnce(world, 'organization_policy', [
      () => policies.put(owner(), { maxTokenDays: 30 }),
      () => policies.put(owner(), { expiryRequired: true }),
    ]);
    expect((await policies.get('org-a')).policy).toMatchObject({ maxTokenDays: 30, expiryRequired: true });
  });

  test('networks that can’t be read are refused by name; doubles are kept once', async () => {
    const put = (...allowedNetworks: string[]) => policies.put(owner(), { allowedNetworks });
    await expect(put('10.0.0.0/8', '10.0.0.0/40')).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining("'10.0.0.0/40'"),
    });
    await expect(policies.dryRun('org-a', { allowedNetworks: ['all'] })).rejects.toMatchObject({ status: 400 });
    const { policy } = await put('10.0.0.0/8', '10.0.0.0/8');
    expect(policy.allowedNetworks).toEqual(['10.0.0.0/8']);
  });

  test('is not set by who may not write it, nor from another organization', async () => {
    await expect(policies.put(personIn(world.acme, 'dan', 'admin'), { onLeak: 'revoke' })).rejects.toMatchObject({
      status: 403,
    });
    await expect(policies.put(personIn(world.acme, 'u2', 'owner'), { onLeak: 'revoke' })).rejects.toMatchObject({
      status: 403,
    });
    expect((await policies.get('org-a')).updatedAt).toBeNull();
  });

  describe('a policy that would stop the request that sets it is refused', () => {
    // The actor of these callers comes from 192.0.2.1.
    const token = (facts = {}) =>
      tokenIn(owner(), permissions, { id: 'mine', expiresAt: '2026-06-01T10:00:00.000Z', ...facts });

    test.each([
      [{ allowedNetworks: ['198.51.100.0/24'] }, /192\.0\.2\.1/],
      [{ maxTokenDays: 7 }, /7 days at most/],
      [{ personalTokens: 'nobody' as const }, /no personal tokens/],
      [{ approvalRequired: true }, /approve/],
    ])('%j', async (body, text) => {
      await expect(policies.put(token(), body)).rejects.toMatchObject({
        status: 409,
        message: expect.stringMatching(text),
      });
      expect((await policies.get('org-a')).updatedAt).toBeNull();
      // Who signed in is not stopped by rules for tokens.
      await policies.put(owner(), body);
    });

    test('also for a token without an end, and not for one that it lets in', async () => {
      await expect(policies.put(token({ expiresAt: null }), { expiryRequired: true })).rejects.toMatchObject({
        status: 409,
      });
      await policies.put(token(), { expiryRequired: true, allowedNetworks: ['192.0.2.0/24'], maxTokenDays: 28 });
      await addToken(world.store, { userId: 'u1' }, { id: 'mine' });
      await decide('mine', 'approved');
      await policies.put(token(), { approvalRequired: true });
    });

    test('a second factor is asked of whoever asks others for one', async () => {
      const without = owner();
      await expect(policies.put(without, { secondFactorRequired: true })).rejects.toMatchObject({ status: 409 });
      const principal = { ...without.principal, secondFactor: true } as typeof without.principal;
      await policies.put({ ...without, principal }, { secondFactorRequired: true });
    });
  });

  const decide = async (token_id: string, state: string) =>
    await world.db
      .insertInto('token_decision')
      .values({ token_id, organization_id: 'org-a', state, decided_by: null, decided_at: '2026-05-04T10:00:00.000Z' })
      .execute();

  describe('the dry run', () => {
    const stoppedBy = async (body: Parameters<PolicyService['dryRun']>[1]) =>
      Object.fromEntries((await policies.dryRun('org-a', body)).stopped.map(({ token, rule }) => [token.id, rule]));

    test('names each live token that would be stopped, the rule, and changes nothing', async () => {
      const endless = await addToken(world.store, { userId: 'dan' });
      const short = await addToken(world.store, { userId: 'dan' }, { expiresAt: '2026-05-08T10:00:00.000Z' });
      const robot = await addToken(world.store, ofAccount, { expiresAt: '2027-05-04T10:00:00.000Z' });
      const ownersOwn = await addToken(world.store, { userId: 'u1' }, { expiresAt: '2026-05-08T10:00:00.000Z' });
      await addToken(world.store, { userId: 'dan' }, { expiresAt: '2026-05-04T09:00:00.000Z' });
      await addToken(world.store, { userId: 'dan' }, { grant: { organizations: ['org-b'] } });
      await addToken(world.store, { userId: 'u2' });
      expect(await stoppedBy({ maxTokenDays: 30 })).toEqual({ [endless]: 'maxTokenDays', [robot]: 'maxTokenDays' });
      expect(await stoppedBy({ expiryRequired: true })).toEqual({ [endless]: 'expiryRequired' });
      expect(await stoppedBy({ personalTokens: 'admins' })).toEqual({
        [endless]: 'personalTokens',
        [short]: 'personalTokens',
      });
      await decide(short, 'approved');
      expect(await stoppedBy({ approvalRequired: true })).toEqual({
        [endless]: 'approvalRequired',
        [ownersOwn]: 'approvalRequired',
      });
      expect(await stoppedBy({ onLeak: 'revoke' })).toEqual({});
      expect((await policies.get('org-a')).updatedAt).toBeNull();
      expect(await world.store.audit.list('org-a', 10)).toEqual([]);
    });

    test('leaves out what the present policy stops already, and what is disabled', async () => {
      const endless = await addToken(world.store, { userId: 'dan' });
      const robot = await addToken(world.store, ofAccount);
      await policies.put(owner(), { personalTokens: 'nobody' });
      expect(await stoppedBy({ expiryRequired: true })).toEqual({ [robot]: 'expiryRequired' });
      await world.store.serviceAccounts.update('org-a', 'sa', { disabledAt: '2026-05-04T10:00:00.000Z' });
      expect(await stoppedBy({ expiryRequired: true })).toEqual({});
      await policies.put(owner(), { personalTokens: 'everyone' });
      expect(await stoppedBy({ expiryRequired: true })).toEqual({ [endless]: 'expiryRequired' });
    });

    test('judges networks by where a token last came from, and unused by its last use', async () => {
      const office = await addToken(world.store, { userId: 'dan' });
      const home = await addToken(world.store, { userId: 'dan' });
      const never = await addToken(world.store, { userId: 'dan' });
      await used(office, 1, '10.1.2.3');
      await used(home, 30, '198.51.100.7');
      const body = { allowedNetworks: ['10.0.0.0/8'] };
      expect(await stoppedBy(body)).toEqual({ [home]: 'allowedNetworks' });
      const [entry] = (await policies.dryRun('org-a', body)).stopped;
      expect(entry?.sentence).toContain('last used from 198.51.100.7');
      expect(entry?.token.lastUsedAt).toBeTruthy();
      expect(await stoppedBy({ revokeUnusedAfterDays: 20 })).toEqual({ [home]: 'revokeUnusedAfterDays' });
      world.clock.advance(21 * dayMs);
      expect(Object.keys(await stoppedBy({ revokeUnusedAfterDays: 20 })).sort()).toEqual([office, home, never].sort());
    });
  });

  describe('tokens that nobody uses', () => {
    let told: Notification[];
    let sweep: () => Promise<number>;
    beforeEach(() => {
      told = [];
      sweep = createUnusedTokenSweep({
        ...world,
        notify: async (_repos, notification) => void told.push(notification),
      });
    });
    const liveOf = async (...ids: string[]) => {
      const tokens = await Promise.all(ids.map((id) => world.store.tokens.find(id)));
      return tokens.filter((token) => token && !token.revokedAt).map((token) => token?.id);
    };

    test('are revoked by policy, once, and their owners are told', async () => {
      const idle = await addToken(world.store, { userId: 'dan' }, { name: 'old laptop' });
      const child = await addToken(world.store, { userId: 'dan' }, { parentId: idle });
      const parent = await addToken(world.store, { userId: 'dan' });
      const middle = await addToken(world.store, { userId: 'dan' }, { parentId: parent });
      const grandchild = await addToken(world.store, { userId: 'dan' }, { parentId: middle });
      const busy = await addToken(world.store, { userId: 'dan' });
      const robot = await addToken(world.store, ofAccount);
      const foreign = await addToken(world.store, { userId: 'u2' });
      world.clock.advance(11 * dayMs);
      await used(busy, 1);
      await used(grandchild, 1);
      expect(await sweep()).toBe(0);
      await policies.put(owner(), { revokeUnusedAfterDays: 10 });
      expect(await sweep()).toBe(3);
      expect(await sweep()).toBe(0);
      expect(await liveOf(idle, child, busy, robot, foreign)).toEqual([busy, foreign]);
      // These would take the one that is in use with them.
      expect(await liveOf(parent, middle, grandchild)).toEqual([parent, middle, grandchild]);
      expect(await world.store.tokens.find(idle)).toMatchObject({
        ...{ revokedCause: 'policy', revokedBy: null, revokedReason: expect.stringContaining('10 days') },
      });
      const records = (await world.store.audit.list('org-a', 10)).filter(({ action }) => action === 'token.revoked');
      expect(records.map(({ target, actorKind }) => [target, actorKind]).sort()).toEqual(
        [idle, child, robot].map((id) => [id, 'system']).sort(),
      );
      const laptop = told.find(({ subject }) => subject.includes('old laptop'));
      expect(laptop).toMatchObject({ kind: 'token.revoked', organizationId: 'org-a', userIds: ['dan'] });
      expect(told).toHaveLength(3);
    });

    test('stay when they reach other organizations too; those bound to this one do not', async () => {
      await addMember(world.store, 'org-b', 'dan', 'viewer');
      const everywhere = await addToken(world.store, { userId: 'dan' });
      const both = await addToken(world.store, { userId: 'dan' }, { grant: { organizations: ['org-a', 'org-b'] } });
      const here = await addToken(world.store, { userId: 'dan' }, { grant: { organizations: ['org-a'] } });
      await policies.put(owner(), { revokeUnusedAfterDays: 10 });
      world.clock.advance(11 * dayMs);
      expect(await sweep()).toBe(3);
      expect(await liveOf(everywhere, both, here)).toEqual([everywhere, both]);
      expect(told).toHaveLength(1);
    });

    test('that reach others too stay out of this one, also once they are used elsewhere', async () => {
      await addMember(world.store, 'org-b', 'dan', 'viewer');
      const [idle, busy] = [
        await addToken(world.store, { userId: 'dan' }),
        await addToken(world.store, { userId: 'dan' }),
      ];
      await policies.put(owner(), { revokeUnusedAfterDays: 10 });
      world.clock.advance(11 * dayMs);
      await used(busy, 1);
      expect(await sweep()).toBe(1);
      expect(await sweep()).toBe(0);
      await used(idle, 0);
      expect(await world.store.policies.decisions('org-a')).toEqual(new Map([[idle, 'denied']]));
      expect(await world.store.policies.decisions('org-b')).toEqual(new Map());
      const records = (await world.store.audit.list('org-a', 10)).filter(({ action }) => action === 'token.denied');
      expect(records).toMatchObject([{ target: idle, actorKind: 'system', detail: { cause: 'policy', days: 10 } }]);
    });

    test('go behind other rules that stop them, and no other rule is a reason to go', async () => {
      const ids = [];
      for (let n = 0; n < 3; n++) ids.push(await addToken(world.store, { userId: 'dan' }));
      const denied = await addToken(world.store, { userId: 'dan' });
      const endless = await addToken(world.store, { userId: 'dan' });
      for (const id of [ids[0], denied]) await decide(id ?? '', 'denied');
      await policies.put(owner(), { revokeUnusedAfterDays: 10, expiryRequired: true, personalTokens: 'nobody' });
      world.clock.advance(11 * dayMs);
      for (const id of [denied, endless]) await used(id, 1);
      expect(await sweep()).toBe(3);
      expect(await liveOf(denied, endless, ...ids)).toEqual([denied, endless]);
    });

    test('go once when many control planes sweep at once', async () => {
      await Promise.all(Array.from({ length: 5 }, () => addToken(world.store, { userId: 'dan' })));
      await policies.put(owner(), { revokeUnusedAfterDays: 10 });
      world.clock.advance(11 * dayMs);
      const counts = await atOnce(world, 'token', [sweep, sweep, sweep]);
      const sum = counts.reduce((total, count) => total + (count.status === 'fulfilled' ? count.value : 0), 0);
      expect(sum).toBe(5);
      expect(told).toHaveLength(5);
    });

    test('more than a batch of them all go in one run', async () => {
      for (let n = 0; n < 205; n++) await addToken(world.store, ofAccount);
      await policies.put(owner(), { revokeUnusedAfterDays: 10 });
      world.clock.advance(11 * dayMs);
      expect(await sweep()).toBe(205);
    });
  });
});
