import type { RevocationCause } from '@pipecat-cloud/contract/tokens';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Principal } from '../access/principal.js';
import { type AccessWorld, openAccessWorld } from '../testing/access-world.js';
import { atOnce } from '../testing/at-once.js';
import { databases } from '../testing/databases.js';

describe.each(databases)('what ends with a token on $name', (database) => {
  let world: AccessWorld;
  let org: { id: string; name: string };
  let person: Principal;

  beforeEach(async () => {
    world = await openAccessWorld(database);
    org = await world.organization();
    person = world.signedIn(await world.person([{ id: org.id, role: 'admin' }]));
  });
  afterEach(() => world.end());

  const create = (principal = person, body: object = {}) =>
    world.tokens.create(principal, world.actor(principal), { name: 'ci', expiresInDays: 30, ...body });
  const rotate = async (principal: Principal, id: string, body: object = {}) =>
    world.rotation.rotate(principal, world.actor(principal), await world.tokens.findOwn(principal, id), body);
  const derive = (principal: Principal, id: string, body: object = {}) =>
    world.tokens.derive(principal, world.actor(principal), id, { name: 'child', ...body });
  const revoke = (id: string) => world.tokens.revoke(person, world.actor(person), id);
  const refusal = (value: string) => world.authenticate(value).catch((error) => error);
  const reasonOf = async (value: string) => (await refusal(value)).details?.reason as string | undefined;
  const withCause = (id: string, cause: RevocationCause) =>
    world.store.changeAccess((repos) =>
      repos.tokens.revoke([id], { by: null, cause, reason: 'as the test wants it' }, world.clock.now()),
    );

  describe('a successor that was not used yet', () => {
    test.each<RevocationCause>(['owner', 'admin', 'leak', 'panic', 'policy', 'account'])(
      'ends with its token by the cause %s: whoever holds a token can rotate it',
      async (cause) => {
        const { token, value } = await create();
        const kept = await rotate(await world.authenticate(value), 'self');
        await withCause(token.id, cause);
        expect(await world.store.tokens.find(kept.token.id)).toMatchObject({ revokedCause: cause, activatedAt: null });
        expect(await reasonOf(kept.value)).toBe('revoked_token');
      },
    );

    test('ends with the parent of its token', async () => {
      const { token } = await create();
      const child = await derive(person, token.id);
      const kept = await rotate(await world.authenticate(child.value), 'self');
      await revoke(token.id);
      expect(await reasonOf(kept.value)).toBe('revoked_token');
    });

    test('goes on where a rotation ended its token', async () => {
      const { token } = await create();
      const { value } = await rotate(person, token.id, { overlapHours: 0 });
      await revoke(token.id);
      await world.authenticate(value);
    });

    test('is refused where its token had ended without it', async () => {
      const { token } = await create();
      const { value, token: successor } = await rotate(person, token.id);
      const ended = { revoked_at: world.clock.now().toISOString(), revoked_cause: 'leak', revoked_by: null };
      await world.db.updateTable('token').set(ended).where('id', '=', token.id).execute();
      const refused = await refusal(value);
      expect(refused.details.reason).toBe('revoked_token');
      expect(refused.message).toContain('the token that it was to take the place of had ended');
      expect((await world.store.tokens.find(successor.id))?.revokedCause).toBe('leak');
    });

    test('is not brought to life by a first use that began before its end', async () => {
      const { token } = await create();
      const { token: successor } = await rotate(person, token.id);
      await revoke(successor.id);
      const now = await world.rotation.confirm({ id: successor.id, predecessorId: token.id });
      expect(now).toMatchObject({ revokedCause: 'owner', activatedAt: null });
      expect((await world.store.tokens.find(token.id))?.revokedAt).toBeNull();
    });

    test('ends or is used, whichever comes first, when its token is revoked at that moment', async () => {
      for (let round = 0; round < 5; round++) {
        const { token } = await create();
        const { value } = await rotate(person, token.id);
        await Promise.allSettled([world.authenticate(value), revoke(token.id)]);
        const state = await world.store.tokens.find(token.id);
        expect(await reasonOf(value)).toBe(state?.revokedCause === 'rotation' ? undefined : 'revoked_token');
      }
    });
  });

  describe('a derived token', () => {
    const managing = { grant: { permissions: ['tokens:write', 'members:write', 'logs:read'] } };
    const derived = async () => {
      const { token } = await create(person, managing);
      const child = await derive(person, token.id);
      return { parent: token, child: child.token, caller: await world.authenticate(child.value) };
    };
    const issue = async (caller: Principal, body: object) => {
      const access = await world.authorizer.authorize(caller, org.id, { needs: 'members:write' }, '192.0.2.1');
      const account = await world.serviceAccount(org.id, 'viewer');
      const made = { name: 'ci', ...body };
      return world.organizationTokens.createForServiceAccount(access, caller, world.actor(caller), account, made);
    };

    test('makes tokens that end with its parent', async () => {
      const { parent, child, caller } = await derived();
      const made = [
        await create(caller, { ...managing, expiresInDays: 30 }),
        await issue(caller, { expiresInDays: 20, grant: { permissions: ['logs:read'] } }),
      ];
      for (const { token } of made) expect(token.parentId).toBe(child.id);
      await revoke(parent.id);
      for (const { value } of made) expect(await reasonOf(value)).toBe('revoked_token');
    });

    test('makes none any more once it has ended', async () => {
      const { child, caller } = await derived();
      await revoke(child.id);
      await expect(create(caller, managing)).rejects.toMatchObject({ status: 409 });
      await expect(issue(caller, { expiresInDays: 20, grant: managing.grant })).rejects.toMatchObject({ status: 409 });
    });

    test('gets no hold of a token that its parent’s end would leave', async () => {
      const { token: other } = await create(person, managing);
      const { caller, child } = await derived();
      const refused = { status: 403, details: { reason: 'missing_permission' } };
      await expect(derive(caller, other.id)).rejects.toMatchObject(refused);
      await expect(rotate(caller, other.id)).rejects.toMatchObject(refused);
      const own = await derive(caller, child.id);
      await derive(caller, own.token.id);
      await rotate(caller, own.token.id);
    });
  });

  test('a token that is being rotated makes none that outlives its deadline; what it derives ends then', async () => {
    const grant = { permissions: ['tokens:write', 'logs:read'] };
    const { token, value } = await create(person, { grant });
    const { token: other } = await create(person, { grant, expiresInDays: 10 });
    await rotate(person, token.id, { overlapHours: 2 });
    const caller = await world.authenticate(value);
    await expect(create(caller, { grant, expiresInDays: 1 })).rejects.toMatchObject({ status: 400 });
    await expect(rotate(caller, other.id)).rejects.toMatchObject({ status: 400 });
    const child = await derive(caller, 'self');
    expect(child.token.endsAt).toBe(new Date(world.clock.now().getTime() + 2 * 60 * 60 * 1000).toISOString());
  });

  const adopt = async (id: string) => {
    const access = await world.access(person, org.id);
    const account = await world.serviceAccount(org.id, 'admin');
    return () => world.organizationTokens.adopt(access, person, world.actor(person), id, account);
  };
  test.each([
    ['a rotation that is repeated', true],
    ['a rotation that is repeated', false],
    ['an adoption of the successor', true],
    ['an adoption of the successor', false],
  ])('the first use of a successor and %s never wait for each other (the use comes first: %s)', async (what, first) => {
    for (let round = 0; round < 5; round++) {
      const { token } = await create();
      const { token: successor } = await rotate(person, token.id);
      const other = what.startsWith('an adoption') ? await adopt(successor.id) : () => rotate(person, token.id);
      const use = () => world.rotation.confirm({ id: successor.id, predecessorId: token.id });
      const done = await atOnce<unknown>(world, 'token', first ? [use, other] : [other, use]);
      // That the token is over by then is told to whoever rotates it.
      for (const each of done) if (each.status === 'rejected') expect(each.reason).toMatchObject({ status: 409 });
      expect((await world.store.tokens.find(successor.id))?.activatedAt).not.toBeNull();
    }
  });

  test('a rotation that can give its successor no other secret hands out none', async () => {
    const { token } = await create();
    const { token: successor } = await rotate(person, token.id);
    await world.store.tokens.activate(successor.id, world.clock.now());
    await expect(rotate(person, token.id)).rejects.toMatchObject({ status: 409 });
  });
});
