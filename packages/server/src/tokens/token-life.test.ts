import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Principal } from '../access/principal.js';
import { type AccessWorld, openAccessWorld } from '../testing/access-world.js';
import { databases } from '../testing/databases.js';

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

describe.each(databases)('the life of a token on $name', (database) => {
  let world: AccessWorld;
  let org: { id: string; name: string };
  let userId: string;
  let person: Principal;

  beforeEach(async () => {
    world = await openAccessWorld(database);
    org = await world.organization();
    userId = await world.person([{ id: org.id, role: 'admin' }]);
    person = world.signedIn(userId);
  });
  afterEach(() => world.end());

  const create = (body: object = {}) =>
    world.tokens.create(person, world.actor(person), { name: 'ci', expiresInDays: 30, ...body });
  const rotate = async (principal: Principal, id: string, body: object = {}) =>
    world.rotation.rotate(principal, world.actor(principal), await world.tokens.findOwn(principal, id), body);
  const derive = (principal: Principal, id: string, body: object = {}) =>
    world.tokens.derive(principal, world.actor(principal), id, { name: 'child', ...body });
  const reasonOf = async (value: string) => {
    const error = await world.authenticate(value).catch((caught) => caught);
    return error.details?.reason as string | undefined;
  };
  const stateOf = async (id: string) => (await world.tokens.get(person, id)).state;
  const audited = async () =>
    (await world.db.selectFrom('audit').select('action').execute()).map(({ action }) => action);

  describe('rotation', () => {
    test('both secrets work until the successor is used; then the old one is over, with its reason', async () => {
      const { token, value } = await create();
      const rotated = await rotate(person, token.id);
      expect(rotated.predecessor).toMatchObject({ id: token.id, state: 'rotating', successorId: rotated.token.id });
      expect(rotated.token).toMatchObject({ state: 'pending', familyId: token.familyId, name: 'ci' });
      await world.authenticate(value);
      await world.authenticate(rotated.value);
      const refused = await world.authenticate(value).catch((error) => error);
      expect(refused.details.reason).toBe('revoked_token');
      expect(refused.message).toContain('replaced by its successor');
      expect(await stateOf(rotated.token.id)).toBe('active');
      expect(await stateOf(token.id)).toBe('revoked');
      expect(await audited()).toContain('token.rotation_completed');
    });

    test('the old secret ends at the deadline, whether or not the new one was used', async () => {
      const { token, value } = await create();
      const rotated = await rotate(person, token.id, { overlapHours: 1 });
      world.clock.advance(hourMs - 1);
      await world.authenticate(value);
      world.clock.advance(1);
      expect(await reasonOf(value)).toBe('revoked_token');
      await world.authenticate(rotated.value);
    });

    test('an overlap of nothing ends it at once, and what was derived from it', async () => {
      const { token, value } = await create();
      const child = await derive(person, token.id);
      await world.authenticate(child.value);
      const { value: next } = await rotate(person, token.id, { overlapHours: 0 });
      expect(await reasonOf(value)).toBe('revoked_token');
      expect(await reasonOf(child.value)).toBe('revoked_token');
      await world.authenticate(next);
    });

    test('a retry gives a fresh secret to the same successor; the lost one is worth nothing', async () => {
      const { token, value } = await create();
      const lost = await rotate(person, token.id);
      const again = await rotate(person, token.id);
      expect(again.token.id).toBe(lost.token.id);
      expect(await reasonOf(lost.value)).toBe('unknown_token');
      await world.authenticate(value);
      await world.authenticate(again.value);
    });

    test('two at once leave one successor and lock nobody out', async () => {
      const { token, value } = await create();
      const results = await Promise.all([rotate(person, token.id), rotate(person, token.id), rotate(person, token.id)]);
      expect(new Set(results.map((result) => result.token.id)).size).toBe(1);
      await world.authenticate(value);
      const works = await Promise.all(results.map(async (result) => (await reasonOf(result.value)) === undefined));
      expect(works.filter(Boolean)).toHaveLength(1);
    });

    test('first uses that race activate the successor once', async () => {
      const { token } = await create();
      const { value } = await rotate(person, token.id);
      await Promise.all(Array.from({ length: 8 }, () => world.authenticate(value)));
      expect((await audited()).filter((action) => action === 'token.rotation_completed')).toHaveLength(1);
    });

    test('a successor that was revoked before its use makes way for another', async () => {
      const { token } = await create();
      const first = await rotate(person, token.id);
      await world.tokens.revoke(person, world.actor(person), first.token.id);
      const second = await rotate(person, token.id);
      expect(second.token.id).not.toBe(first.token.id);
      await world.authenticate(second.value);
    });

    test('a token rotates itself but never prolongs its life; a person may', async () => {
      const { value, token } = await create();
      world.clock.advance(10 * dayMs);
      const itself = await world.authenticate(value);
      const rotated = await rotate(itself, 'self');
      expect(rotated.token.expiresAt).toBe(token.expiresAt);
      await expect(rotate(itself, 'self', { expiresInDays: 90 })).rejects.toThrow(/cannot set the end/);
      const renewed = await rotate(person, token.id);
      expect(renewed.token.expiresAt).toBe(new Date(world.clock.now().getTime() + 30 * dayMs).toISOString());
      const chosen = await rotate(person, token.id, { expiresInDays: null });
      expect(chosen.token.expiresAt).toBeNull();
    });

    test('the old secret seen after its end marks the family once, alerts, and goes on being refused', async () => {
      const { token, value } = await create();
      const { value: next } = await rotate(person, token.id);
      await world.authenticate(next);
      expect(world.notifications).toEqual([]);
      await Promise.all([reasonOf(value), reasonOf(value)]);
      expect(await reasonOf(value)).toBe('revoked_token');
      expect(world.notifications).toMatchObject([{ kind: 'token.reused', userIds: [userId] }]);
      expect((await world.tokens.get(person, token.id)).suspiciousAt).not.toBeNull();
      await world.authenticate(next);
    });

    test('by policy the whole family ends', async () => {
      await world.setPolicy(org.id, { onReuse: 'revoke' });
      const { token, value } = await create();
      const { value: next } = await rotate(person, token.id);
      await world.authenticate(next);
      await reasonOf(value);
      expect(await reasonOf(next)).toBe('revoked_token');
    });

    test('a clock that jumps locks nobody out and brings nothing back to life twice', async () => {
      const { token, value } = await create();
      const rotated = await rotate(person, token.id);
      world.clock.advance(-2 * dayMs);
      await world.authenticate(value);
      const again = await rotate(person, token.id);
      expect(again.token.id).toBe(rotated.token.id);
      world.clock.advance(4 * dayMs);
      await world.authenticate(again.value);
      world.clock.advance(-4 * dayMs);
      expect(await reasonOf(value)).toBe('revoked_token');
      expect(await reasonOf(rotated.value)).toBe('unknown_token');
    });

    test('a pending successor cannot be rotated, nor a token that is over', async () => {
      const { token } = await create();
      const rotated = await rotate(person, token.id);
      await expect(rotate(person, rotated.token.id)).rejects.toMatchObject({ status: 409 });
      await world.tokens.revoke(person, world.actor(person), token.id);
      await expect(rotate(person, token.id)).rejects.toMatchObject({ status: 409 });
    });

    test('nobody rotates the token of another person', async () => {
      const { token } = await create();
      const other = world.signedIn(await world.person([{ id: org.id, role: 'owner' }]));
      await expect(rotate(other, token.id)).rejects.toMatchObject({ status: 404 });
    });
  });

  describe('derived tokens', () => {
    test('are narrower and shorter, and end with their parent at once, generations deep', async () => {
      const grant = { permissions: ['tokens:write', 'logs:read', 'agents:read'] };
      const { token, value } = await create({ grant });
      const parent = await world.authenticate(value);
      const child = await derive(parent, 'self', {
        grant: { permissions: ['tokens:write', 'logs:read'] },
        expiresInMinutes: 60,
      });
      const grandchild = await derive(await world.authenticate(child.value), 'self', {
        grant: { permissions: ['logs:read'] },
      });
      const { permissions } = await world.access(await world.authenticate(grandchild.value), org.id);
      expect([...permissions]).toEqual(['logs:read']);
      expect(grandchild.token.expiresAt).toBe(child.token.expiresAt);
      await world.tokens.revoke(person, world.actor(person), token.id);
      for (const dead of [value, child.value, grandchild.value]) expect(await reasonOf(dead)).toBe('revoked_token');
    });

    test('wider or longer ones are refused', async () => {
      const { token } = await create({
        grant: { permissions: ['logs:read'], agents: ['a'], networks: ['192.0.2.0/24'] },
      });
      const wrong = [
        { grant: { permissions: ['agents:read'] } },
        { grant: { agents: ['a', 'b'] } },
        { grant: { networks: ['192.0.0.0/16'] } },
        { expiresInDays: 31 },
        { expiresInDays: null },
      ];
      for (const body of wrong) await expect(derive(person, token.id, body)).rejects.toMatchObject({ status: 400 });
      const { token: child } = await derive(person, token.id, { grant: { networks: ['192.0.2.7'] } });
      expect(child.grant).toMatchObject({ permissions: ['logs:read'], agents: ['a'], networks: ['192.0.2.7'] });
    });

    test('a token without tokens:write derives nothing', async () => {
      const { value } = await create();
      await expect(derive(await world.authenticate(value), 'self')).rejects.toMatchObject({ status: 403 });
    });

    test('one that is derived while its parent is revoked does not outlive it', async () => {
      for (let round = 0; round < 5; round++) {
        const { token } = await create();
        const [child] = await Promise.all([
          derive(person, token.id).catch(() => undefined),
          world.tokens.revoke(person, world.actor(person), token.id),
        ]);
        if (child) expect(await reasonOf(child.value)).toBe('revoked_token');
      }
    });

    test('a rotation of the parent gives its children the same deadline', async () => {
      const { token } = await create();
      const child = await derive(person, token.id);
      await rotate(person, token.id, { overlapHours: 2 });
      world.clock.advance(2 * hourMs - 1);
      await world.authenticate(child.value);
      world.clock.advance(1);
      expect(await reasonOf(child.value)).toBe('revoked_token');
    });

    test('a child that is rotated while its parent rotates ends at the same deadline', async () => {
      const { token } = await create();
      await rotate(person, token.id, { overlapHours: 2 });
      const child = await derive(person, token.id);
      const { value } = await rotate(person, child.token.id);
      await world.authenticate(value);
      world.clock.advance(2 * hourMs);
      expect(await reasonOf(value)).toBe('revoked_token');
    });

    test('one that is rotated while its parent is revoked does not outlive it', async () => {
      for (let round = 0; round < 5; round++) {
        const { token } = await create();
        const child = await derive(person, token.id);
        const [rotated] = await Promise.all([
          rotate(person, child.token.id).catch(() => undefined),
          world.tokens.revoke(person, world.actor(person), token.id),
        ]);
        if (rotated) expect(await reasonOf(rotated.value)).toBe('revoked_token');
      }
    });

    test('a rotated child never outlives the parent', async () => {
      const { token } = await create();
      const child = await derive(person, token.id, { expiresInDays: 29 });
      world.clock.advance(20 * dayMs);
      const rotated = await rotate(person, child.token.id);
      expect(rotated.token.expiresAt).toBe(token.expiresAt);
      await world.tokens.revoke(person, world.actor(person), token.id);
      expect(await reasonOf(rotated.value)).toBe('revoked_token');
    });
  });

  describe('adoption', () => {
    const adopt = (id: string, serviceAccount: string) =>
      world
        .access(person, org.id)
        .then((access) => world.organizationTokens.adopt(access, person, world.actor(person), id, serviceAccount));

    test('the same secret goes on when the person has left', async () => {
      const leaver = await world.person([{ id: org.id, role: 'developer' }]);
      const theirs = world.signedIn(leaver);
      const { token, value } = await world.tokens.create(theirs, world.actor(theirs), { name: 'deploy' });
      const before = await world.access(await world.authenticate(value), org.id);
      const account = await world.serviceAccount(org.id, 'admin');
      const adopted = await adopt(token.id, account);
      expect(adopted).toMatchObject({ kind: 'serviceAccount', owner: { kind: 'serviceAccount', id: account } });
      await world.setRole(org.id, leaver, null);
      const after = await world.access(await world.authenticate(value), org.id);
      // Not the admin's: frozen to what it could do before.
      expect([...after.permissions].sort()).toEqual([...before.permissions].sort());
    });

    test('a service account that may do less is refused, naming what it lacks', async () => {
      const leaver = world.signedIn(await world.person([{ id: org.id, role: 'developer' }]));
      const { token } = await world.tokens.create(leaver, world.actor(leaver), { name: 'deploy' });
      await expect(adopt(token.id, await world.serviceAccount(org.id, 'viewer'))).rejects.toThrow(/agents:deploy/);
    });

    test('one that reaches another organization stays with its owner, who is told how to restrict it', async () => {
      const other = await world.organization();
      const leaver = await world.person([org, other].map(({ id }) => ({ id, role: 'developer' as const })));
      const theirs = world.signedIn(leaver);
      const { token, value } = await world.tokens.create(theirs, world.actor(theirs), { name: 'deploy' });
      const account = await world.serviceAccount(org.id, 'developer');
      const refused = await adopt(token.id, account).catch((error) => error);
      expect(refused.status).toBe(409);
      expect(refused.message).toContain(`--organization-only ${org.name}`);
      expect(refused.message).not.toContain(other.name);
      await world.access(await world.authenticate(value), other.id);
      const grant = { organizations: [org.name] };
      const bound = await world.tokens.create(theirs, world.actor(theirs), { name: 'deploy', grant });
      await adopt(bound.token.id, account);
      const principal = await world.authenticate(bound.value);
      expect((await world.authorizer.reach(principal)).map(({ id }) => id)).toEqual([org.id]);
      // Of the other only when its owner is no member there any more.
      await world.setRole(other.id, leaver, null);
      await adopt(token.id, account);
    });

    test.each(['before', 'after'])(
      'a rotation under way goes with it, by the token %s it; a derived one is refused',
      async (which) => {
        const { token, value } = await create({ grant: { permissions: ['logs:read'] } });
        const child = await derive(person, token.id);
        const account = await world.serviceAccount(org.id, 'viewer');
        await expect(adopt(child.token.id, account)).rejects.toMatchObject({ status: 409 });
        const { token: successor, value: next } = await rotate(person, token.id);
        await adopt(which === 'before' ? token.id : successor.id, account);
        expect(await reasonOf(child.value)).toBe('revoked_token');
        await world.authenticate(value);
        expect(await world.authenticate(next)).toMatchObject({ kind: 'serviceAccount', serviceAccountId: account });
        expect(await reasonOf(value)).toBe('revoked_token');
      },
    );

    test('a token of another organization is not found', async () => {
      const other = await world.organization();
      const stranger = world.signedIn(await world.person([{ id: other.id, role: 'owner' }]));
      const { token } = await world.tokens.create(stranger, world.actor(stranger), { name: 'theirs' });
      await expect(adopt(token.id, await world.serviceAccount(org.id, 'admin'))).rejects.toMatchObject({ status: 404 });
    });
  });

  describe('panic', () => {
    test('ends what was issued or used since the time, and nothing else', async () => {
      const [old, used] = [await create({ name: 'old' }), await create({ name: 'used' })];
      world.clock.advance(dayMs);
      const since = world.clock.now().toISOString();
      world.clock.advance(1000);
      const fresh = await create({ name: 'fresh' });
      await world.authenticate(used.value);
      const { revoked } = await world.panic.ofPerson(person, world.actor(person), { since });
      expect(revoked.map(({ name }) => name).sort()).toEqual(['fresh', 'used']);
      expect(await reasonOf(used.value)).toBe('revoked_token');
      expect(await reasonOf(fresh.value)).toBe('revoked_token');
      await world.authenticate(old.value);
    });

    test('of an organization cuts off personal tokens that reach others too, and revokes its own', async () => {
      const other = await world.organization();
      const member = await world.person([org, other].map(({ id }) => ({ id, role: 'developer' as const })));
      const theirs = world.signedIn(member);
      const { value } = await world.tokens.create(theirs, world.actor(theirs), { name: 'both' });
      const only = await world.tokens.create(theirs, world.actor(theirs), {
        name: 'one',
        grant: { organizations: [org.name] },
      });
      const access = await world.access(person, org.id);
      const since = '2020-01-01';
      const { revoked } = await world.panic.ofOrganization(access, person, world.actor(person), {
        since,
        userId: member,
      });
      expect(revoked.map(({ name }) => name).sort()).toEqual(['both', 'one']);
      // Its owner is told of what ended; what only stops here says so when it is used.
      expect(world.notifications).toMatchObject([
        { kind: 'token.revoked', organizationId: org.id, userIds: [member], data: { name: 'one', cause: 'panic' } },
      ]);
      expect(await reasonOf(only.value)).toBe('revoked_token');
      const principal = await world.authenticate(value);
      await expect(world.access(principal, org.id)).rejects.toMatchObject({ details: { reason: 'blocked_by_policy' } });
      await world.access(principal, other.id);
    });
  });

  test('an admin who ends a token of a member tells its owner, once', async () => {
    const member = await world.person([{ id: org.id, role: 'developer' }]);
    const theirs = world.signedIn(member);
    const { token } = await world.tokens.create(theirs, world.actor(theirs), {
      name: 'laptop',
      grant: { organizations: [org.name] },
    });
    const access = await world.access(person, org.id);
    await world.organizationTokens.end(access, person, world.actor(person), token.id);
    await world.organizationTokens.end(access, person, world.actor(person), token.id);
    expect(world.notifications).toMatchObject([
      { kind: 'token.revoked', organizationId: org.id, userIds: [member], data: { name: 'laptop', cause: 'admin' } },
    ]);
    expect(world.notifications[0]?.text).toContain(`revoked by an admin of ${org.name}`);
  });

  describe('policies and approval', () => {
    test('a token waits for approval where the organization asks for it', async () => {
      await world.setPolicy(org.id, { approvalRequired: true });
      const { token, value } = await create();
      const principal = await world.authenticate(value);
      await expect(world.access(principal, org.id)).rejects.toMatchObject({ details: { rule: 'approvalRequired' } });
      const access = await world.access(person, org.id);
      const decide = (state: 'approved' | 'denied') =>
        world.organizationTokens.decide(access, person, world.actor(person), token.id, { state });
      await decide('approved');
      await world.access(principal, org.id);
      await decide('denied');
      await expect(world.access(principal, org.id)).rejects.toMatchObject({ details: { rule: 'denied' } });
    });

    test('one that could be used nowhere is not made, and the default life keeps within the policy', async () => {
      await world.setPolicy(org.id, { maxTokenDays: 7 });
      await expect(create({ expiresInDays: 8 })).rejects.toMatchObject({ details: { reason: 'blocked_by_policy' } });
      const { token } = await world.tokens.create(person, world.actor(person), { name: 'default' });
      expect(Date.parse(token.expiresAt ?? '') - Date.parse(token.createdAt)).toBe(7 * dayMs);
    });

    test('a grant of networks is checked at each use, with the address that was seen', async () => {
      const { value } = await create({ grant: { networks: ['192.0.2.0/24'] } });
      await world.authenticate(value, '192.0.2.200');
      await expect(world.authenticate(value, '198.51.100.1')).rejects.toThrow(/198\.51\.100\.1/);
    });

    test('a second factor is asked of people, also where they make a token; a token is asked for none', async () => {
      const { token, value } = await create({ grant: { permissions: ['tokens:write', 'logs:read'] } });
      await world.setPolicy(org.id, { secondFactorRequired: true });
      const help = 'http://localhost:7400/account/security';
      const refused = { status: 403, details: { reason: 'blocked_by_policy', rule: 'secondFactorRequired', help } };
      const { userId } = person as { userId: string };
      const oauth: Principal = { kind: 'user', via: 'oauth', userId, grantId: 'g', secondFactor: false };
      for (const caller of [person, oauth]) {
        await expect(world.access(caller, org.id)).rejects.toMatchObject(refused);
        await expect(world.tokens.create(caller, world.actor(caller), { name: 'way round' })).rejects.toMatchObject(
          refused,
        );
        await expect(rotate(caller, token.id)).rejects.toMatchObject(refused);
        await expect(derive(caller, token.id)).rejects.toMatchObject(refused);
      }
      const proven = { ...person, secondFactor: true } as Principal;
      await world.access(proven, org.id);
      await derive(proven, token.id);
      // A pipeline has no second factor: what it has goes on, and rotates itself.
      const itself = await world.authenticate(value);
      await world.access(itself, org.id);
      await derive(itself, 'self');
      const { value: next } = await rotate(itself, 'self');
      await world.access(await world.authenticate(next), org.id);
    });

    test('a second factor is asked only for the organizations that the token would reach', async () => {
      const other = await world.organization({ secondFactorRequired: true });
      const both = world.signedIn(await world.person([org, other].map(({ id }) => ({ id, role: 'admin' as const }))));
      const make = (grant: object) => world.tokens.create(both, world.actor(both), { name: 'ci', grant });
      await expect(make({})).rejects.toMatchObject({ details: { rule: 'secondFactorRequired' } });
      const { token } = await make({ organizations: [org.name] });
      await derive(both, token.id);
      await rotate(both, token.id);
      const account = await world.serviceAccount(org.id, 'developer');
      const access = await world.access(both, org.id);
      const { id } = (
        await world.organizationTokens.createForServiceAccount(access, both, world.actor(both), account, { name: 'sa' })
      ).token;
      await world.organizationTokens.rotateOfServiceAccount(access, both, world.actor(both), account, id, {});
    });
  });

  test('a token of a disabled service account is refused with the way out', async () => {
    const account = await world.serviceAccount(org.id, 'developer');
    const access = await world.access(person, org.id);
    const { value } = await world.organizationTokens.createForServiceAccount(
      access,
      person,
      world.actor(person),
      account,
      { name: 'ci' },
    );
    await world.authenticate(value);
    await world.store.changeAccess(async () => {});
    await world.db.updateTable('service_account').set({ disabled_at: world.clock.now().toISOString() }).execute();
    world.cache.evict();
    await expect(world.authenticate(value)).rejects.toThrow(/disabled/);
  });
});
