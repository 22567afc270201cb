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

  test.each([
    ['rotate, first use', true],
    ['first use, rotate', false],
  ])(
    'a rotation that is repeated and the first use of its successor never wait for each other: %s',
    async (_, first) => {
      for (let round = 0; round < 5; round++) {
        const { token } = await create();
        const { token: successor } = await rotate(person, token.id);
        const again = () => rotate(person, token.id);
        const use = () => world.rotation.confirm({ id: successor.id, predecessorId: token.id });
        const done = await atOnce<unknown>(world, 'token', first ? [again, use] : [use, again]);
        // That the token is over by then is told to whoever rotates it.
        for (const each of done) if (each.status === 'rejected') expect(each.reason).toMatchObject({ status: 409 });
        expect((await world.store.tokens.find(successor.id))?.activatedAt).not.toBeNull();
      }
    },
  );

  test('a rotation that can give its successor no other secret hands out none', async () => {
    const { token } = await create();
    const { token: successor } = await rotate(person, token.id);
    await world.store.tokens.activate(successor.id, world.clock.now());
    await expect(rotate(person, token.id)).rejects.toMatchObject({ status: 409 });
  });
});
