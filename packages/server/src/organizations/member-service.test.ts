import type { Role } from '@pipecat-cloud/contract/permissions';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { atOnce } from '../testing/at-once.js';
import { addMember, addToken, personIn, tokenIn } from '../testing/callers.js';
import { databases } from '../testing/databases.js';
import { openTwoOrganizations, type TwoOrganizations } from '../testing/two-organizations.js';
import { createTokenAdoption } from '../tokens/token-adoption.js';
import { createMemberService, type MemberService } from './member-service.js';

describe.each(databases)('members on $name', (database) => {
  let world: TwoOrganizations;
  let members: MemberService;
  beforeEach(async () => {
    world = await openTwoOrganizations(database);
    members = createMemberService({ ...world, adoptToken: createTokenAdoption(world).adopt });
    await addMember(world.store, 'org-a', 'ada', 'admin');
    await addMember(world.store, 'org-a', 'dan', 'developer');
  });
  afterEach(() => world.drop());
  const owner = () => personIn(world.acme, 'u1', 'owner');
  const admin = () => personIn(world.acme, 'ada', 'admin');
  const roleOf = async (userId: string, organizationId = 'org-a') =>
    (await world.store.members.find(organizationId, userId))?.role;
  const actions = async () => (await world.store.audit.list('org-a', 50)).map(({ action }) => action);

  test('are listed with their roles; another organization has its own', async () => {
    expect((await members.list('org-a')).map(({ userId, role }) => [userId, role])).toEqual([
      ['ada', 'admin'],
      ['u1', 'owner'],
      ['dan', 'developer'],
    ]);
    expect(await members.list('org-b')).toMatchObject([{ userId: 'u2', email: 'bob@bolt.example', role: 'owner' }]);
  });

  test.each<[by: 'owner' | 'admin', from: Role, to: Role, allowed: boolean]>([
    ['owner', 'developer', 'owner', true],
    ['owner', 'admin', 'viewer', true],
    ['admin', 'developer', 'admin', true],
    ['admin', 'admin', 'viewer', true],
    ['admin', 'developer', 'owner', false],
    ['admin', 'owner', 'admin', false],
  ])('an %s makes a %s a %s: %s', async (by, from, to, allowed) => {
    await addMember(world.store, 'org-a', 'eve', from);
    const change = members.changeRole(by === 'owner' ? owner() : admin(), 'eve', to);
    if (allowed) {
      expect((await change).role).toBe(to);
      const [record] = await world.store.audit.list('org-a', 1);
      expect(record).toMatchObject({ action: 'member.role_changed', target: 'eve', detail: { from, to } });
    } else {
      await expect(change).rejects.toMatchObject({ status: 403, details: { reason: 'missing_permission' } });
      expect(await actions()).toEqual([]);
    }
    expect(await roleOf('eve')).toBe(allowed ? to : from);
  });

  test('a token gives and takes only roles that hold nothing it lacks', async () => {
    const narrow = tokenIn(owner(), ['org:read', 'members:write']);
    const refusal = { status: 403, message: expect.stringContaining('agents:deploy') };
    await expect(members.changeRole(narrow, 'dan', 'viewer')).rejects.toMatchObject(refusal);
    await expect(members.remove(narrow, 'dan', {})).rejects.toMatchObject(refusal);
    await addMember(world.store, 'org-a', 'vic', 'viewer');
    await expect(members.changeRole(narrow, 'vic', 'admin')).rejects.toMatchObject({ status: 403 });
    const wide = tokenIn(owner(), [
      ...personIn(world.acme, 'u1', 'developer').organization.permissions,
      'members:write',
    ]);
    expect((await members.changeRole(wide, 'vic', 'developer')).role).toBe('developer');
    await expect(members.changeRole(wide, 'ada', 'viewer')).rejects.toMatchObject({ status: 403 });
  });

  test('a caller whose role was taken in the meantime does nothing any more', async () => {
    const asked = admin();
    await members.changeRole(owner(), 'ada', 'developer');
    await expect(members.changeRole(asked, 'dan', 'viewer')).rejects.toMatchObject({ status: 403 });
    await members.remove(owner(), 'ada', {});
    await expect(members.remove(asked, 'dan', {})).rejects.toMatchObject({ status: 403 });
    expect(await roleOf('dan')).toBe('developer');
  });

  test('the last owner is neither demoted nor removed and does not leave', async () => {
    const refusal = { status: 409, message: expect.stringContaining('last owner of acme') };
    await expect(members.changeRole(owner(), 'u1', 'admin')).rejects.toMatchObject(refusal);
    await expect(members.remove(owner(), 'u1', {})).rejects.toMatchObject(refusal);
    await expect(members.leave(owner())).rejects.toMatchObject(refusal);
    await members.changeRole(owner(), 'ada', 'owner');
    await members.leave(owner());
    expect(await roleOf('u1')).toBeUndefined();
  });

  test.each<[name: string, act: (by: string, other: string) => Promise<unknown>]>([
    ['demote', (by, other) => members.changeRole(personIn(world.acme, by, 'owner'), other, 'viewer')],
    ['remove', (by, other) => members.remove(personIn(world.acme, by, 'owner'), other, {})],
  ])('two owners who %s each other at once leave one', async (_name, act) => {
    await members.changeRole(owner(), 'ada', 'owner');
    const results = await atOnce(world, 'membership', [() => act('u1', 'ada'), () => act('ada', 'u1')]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await world.store.members.countOwners('org-a')).toBe(1);
  });

  test('owners who all leave at once leave one', async () => {
    for (const id of ['o1', 'o2', 'o3']) await addMember(world.store, 'org-a', id, 'owner');
    const all = ['u1', 'o1', 'o2', 'o3'].map((id) => () => members.leave(personIn(world.acme, id, 'owner')));
    const results = await atOnce(world, 'membership', all);
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.map(({ reason }) => reason.status)).toEqual([409]);
    expect(await world.store.members.countOwners('org-a')).toBe(1);
  });

  describe('the tokens of somebody who is removed', () => {
    const boundHere = { organizations: ['org-a'] };

    test('are asked about, each live one that reaches the organization', async () => {
      const everywhere = await addToken(world.store, { userId: 'dan' });
      const here = await addToken(world.store, { userId: 'dan' }, { grant: boundHere, name: 'CI' });
      await addToken(world.store, { userId: 'dan' }, { grant: { organizations: ['org-b'] } });
      await addToken(world.store, { userId: 'dan' }, { expiresAt: '2026-05-04T09:00:00.000Z' });
      await addToken(world.store, { userId: 'ada' });
      const refusal = await members.remove(owner(), 'dan', { tokens: [{ id: everywhere }] }).catch((error) => error);
      expect(refusal).toMatchObject({ status: 409, code: 'CONFLICT', message: expect.stringContaining("'CI'") });
      expect(refusal.details.tokens).toMatchObject([{ id: here, grant: { organizations: ['acme'] } }]);
      expect(await roleOf('dan')).toBe('developer');
      const listed = await members.listTokens(owner(), 'dan');
      expect(listed.map(({ id }) => id).sort()).toEqual([everywhere, here].sort());
    });

    test('end when they are bound here, and are cut off when they reach others too', async () => {
      await addMember(world.store, 'org-b', 'dan', 'viewer');
      const everywhere = await addToken(world.store, { userId: 'dan' });
      const here = await addToken(world.store, { userId: 'dan' }, { grant: boundHere });
      const child = await addToken(world.store, { userId: 'dan' }, { grant: boundHere, parentId: here });
      const tokens = [{ id: everywhere }, { id: here }, { id: child }];
      const { ended, adopted } = await members.remove(owner(), 'dan', { tokens });
      expect(adopted).toEqual([]);
      expect(ended.map(({ id }) => id).sort()).toEqual(tokens.map(({ id }) => id).sort());
      const row = await world.store.tokens.find(here);
      expect(row).toMatchObject({ revokedCause: 'admin', revokedBy: 'u1' });
      expect(row?.revokedReason).toContain('acme');
      expect((await world.store.tokens.find(child))?.revokedAt).toBeTruthy();
      expect((await world.store.tokens.find(everywhere))?.revokedAt).toBeNull();
      expect(await roleOf('dan')).toBeUndefined();
      expect(await roleOf('dan', 'org-b')).toBe('viewer');
      const [record] = await world.store.audit.list('org-a', 1);
      expect(record).toMatchObject({
        action: 'member.removed',
        detail: { revoked: expect.arrayContaining([here, child]), cutOff: [everywhere] },
      });
    });

    test('go to the service account that is named, by id or name, with their secret', async () => {
      await world.store.serviceAccounts.insert(serviceAccount('sa1', 'ci', 'developer'));
      const kept = await addToken(world.store, { userId: 'dan' }, { grant: boundHere });
      const child = await addToken(world.store, { userId: 'dan' }, { grant: boundHere, parentId: kept });
      const other = await addToken(world.store, { userId: 'dan' }, { grant: boundHere });
      const before = await world.store.tokens.find(kept);
      const tokens = [{ id: kept, serviceAccountId: 'ci' }, { id: child }, { id: other, serviceAccountId: 'sa1' }];
      const { adopted, ended } = await members.remove(owner(), 'dan', { tokens });
      expect(adopted.map(({ id, state, owner: { id: by } }) => [id, state, by]).sort()).toEqual(
        [kept, other].map((id) => [id, 'active', 'sa1']).sort(),
      );
      expect(ended).toMatchObject([{ id: child, state: 'revoked' }]);
      expect((await world.store.tokens.find(kept))?.digest).toBe(before?.digest);
      expect(await roleOf('dan')).toBeUndefined();
    });

    test('go the same way with both secrets of a rotation', async () => {
      await world.store.serviceAccounts.insert(serviceAccount('sa1', 'ci', 'developer'));
      await world.store.serviceAccounts.insert(serviceAccount('sa2', 'other', 'developer'));
      const old = await addToken(world.store, { userId: 'dan' }, { grant: boundHere });
      const fresh = await addToken(
        world.store,
        { userId: 'dan' },
        { grant: boundHere, predecessor: { id: old, familyId: old } },
      );
      const remove = (...tokens: { id: string; serviceAccountId?: string }[]) =>
        members.remove(owner(), 'dan', { tokens });
      const split = { status: 400, message: expect.stringContaining('rotated') };
      await expect(remove({ id: old, serviceAccountId: 'ci' }, { id: fresh })).rejects.toMatchObject(split);
      await expect(remove({ id: old }, { id: fresh, serviceAccountId: 'ci' })).rejects.toMatchObject(split);
      await expect(
        remove({ id: old, serviceAccountId: 'ci' }, { id: fresh, serviceAccountId: 'other' }),
      ).rejects.toMatchObject(split);
      const { adopted } = await remove({ id: old, serviceAccountId: 'ci' }, { id: fresh, serviceAccountId: 'sa1' });
      expect(adopted.map(({ state, owner: { id } }) => [state, id]).sort()).toEqual([
        ['pending', 'sa1'],
        ['rotating', 'sa1'],
      ]);
    });

    test('keep the person here when one can’t be handed over', async () => {
      await world.store.serviceAccounts.insert(serviceAccount('sa1', 'reader', 'viewer'));
      const bound = await addToken(world.store, { userId: 'dan' }, { grant: boundHere });
      const id = await addToken(world.store, { userId: 'dan' });
      const tokens = [{ id: bound }, { id, serviceAccountId: 'reader' }];
      // The role of the service account does not cover what the token holds.
      await expect(members.remove(owner(), 'dan', { tokens })).rejects.toMatchObject({ status: 400 });
      expect(await roleOf('dan')).toBe('developer');
      expect((await world.store.tokens.find(bound))?.revokedAt).toBeNull();
    });

    test('nothing changes when the body is wrong', async () => {
      await world.store.serviceAccounts.insert({
        ...serviceAccount('sb', 'theirs', 'viewer'),
        organizationId: 'org-b',
      });
      const id = await addToken(world.store, { userId: 'dan' }, { grant: boundHere });
      const foreign = await addToken(world.store, { userId: 'ada' });
      const dead = await addToken(world.store, { userId: 'dan' }, { expiresAt: '2026-05-04T09:00:00.000Z' });
      const remove = (...tokens: { id: string; serviceAccountId?: string }[]) =>
        members.remove(owner(), 'dan', { tokens });
      await expect(remove({ id }, { id })).rejects.toMatchObject({ status: 400 });
      await expect(remove({ id }, { id: foreign })).rejects.toMatchObject({ status: 400 });
      await expect(remove({ id }, { id: 'nothing' })).rejects.toMatchObject({ status: 400 });
      await expect(remove({ id, serviceAccountId: 'theirs' })).rejects.toMatchObject({ status: 404 });
      await expect(remove({ id, serviceAccountId: 'sb' })).rejects.toMatchObject({ status: 404 });
      await expect(remove({ id }, { id: dead, serviceAccountId: 'ci' })).rejects.toMatchObject({ status: 409 });
      expect(await roleOf('dan')).toBe('developer');
      expect((await world.store.tokens.find(id))?.revokedAt).toBeNull();
      // That a token to be ended has ended meanwhile stops nobody.
      await remove({ id }, { id: dead });
      expect(await roleOf('dan')).toBeUndefined();
    });

    test('a token hands over only to a service account whose role it holds itself', async () => {
      await world.store.serviceAccounts.insert(serviceAccount('sa1', 'ci', 'admin'));
      await addMember(world.store, 'org-a', 'vic', 'viewer');
      const id = await addToken(world.store, { userId: 'vic' });
      const caller = tokenIn(owner(), [
        ...personIn(world.acme, 'x', 'viewer').organization.permissions,
        'members:write',
      ]);
      const remove = members.remove(caller, 'vic', { tokens: [{ id, serviceAccountId: 'ci' }] });
      await expect(remove).rejects.toMatchObject({ status: 403 });
      expect((await world.store.tokens.find(id))?.owner).toMatchObject({ kind: 'user', id: 'vic' });
    });
  });

  test('leaving ends what reaches nothing else, and the default goes to another organization', async () => {
    await addMember(world.store, 'org-b', 'dan', 'viewer');
    const here = await addToken(world.store, { userId: 'dan' }, { grant: { organizations: ['org-a'] } });
    const both = await addToken(world.store, { userId: 'dan' }, { grant: { organizations: ['org-a', 'org-b'] } });
    await members.leave(personIn(world.acme, 'dan', 'developer'));
    expect(await world.store.tokens.find(here)).toMatchObject({ revokedCause: 'owner' });
    expect((await world.store.tokens.find(both))?.revokedAt).toBeNull();
    expect((await world.store.accounts.find('dan'))?.defaultOrganizationId).toBe('org-b');
    await members.remove(personIn(world.bolt, 'u2', 'owner'), 'dan', { tokens: [{ id: both }] });
    expect((await world.store.accounts.find('dan'))?.defaultOrganizationId).toBeNull();
    expect(await actions()).toEqual(['member.left']);
  });

  test('invitations of somebody who could not send them any more are void', async () => {
    const invite = async (id: string, role: Role) =>
      await world.store.invitations.insert({
        ...{ id, organizationId: 'org-a', email: `${id}@x.example`, role, digest: id, invitedBy: 'ada' },
        ...{ createdAt: '2026-05-04T10:00:00.000Z', expiresAt: '2026-05-11T10:00:00.000Z' },
      });
    await invite('i1', 'admin');
    await invite('i2', 'viewer');
    const open = async () => (await world.store.invitations.list('org-a')).filter((i) => !i.revokedAt).map((i) => i.id);
    await members.changeRole(owner(), 'ada', 'developer');
    expect(await open()).toEqual(['i2']);
    await members.remove(owner(), 'ada', {});
    expect(await open()).toEqual([]);
  });

  test('nobody of another organization is found', async () => {
    await expect(members.changeRole(owner(), 'u2', 'viewer')).rejects.toMatchObject({ status: 404 });
    await expect(members.remove(owner(), 'u2', {})).rejects.toMatchObject({ status: 404 });
    await expect(members.listTokens(owner(), 'u2')).rejects.toMatchObject({ status: 404 });
    // And who is no member here may not even look for somebody.
    await expect(members.changeRole(personIn(world.acme, 'u2', 'owner'), 'dan', 'viewer')).rejects.toMatchObject({
      status: 403,
    });
    expect(await roleOf('u2', 'org-b')).toBe('owner');
  });
});

const serviceAccount = (id: string, name: string, role: 'viewer' | 'developer' | 'admin') => ({
  ...{ id, organizationId: 'org-a', name, description: '', role },
  ...{ createdAt: '2026-05-04T10:00:00.000Z', createdBy: null, disabledAt: null },
});
