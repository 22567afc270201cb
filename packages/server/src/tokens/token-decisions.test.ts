import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Principal } from '../access/principal.js';
import { type AccessWorld, openAccessWorld } from '../testing/access-world.js';
import { atOnce } from '../testing/at-once.js';
import { databases } from '../testing/databases.js';

describe.each(databases)('what an organization decided about a token on $name', (database) => {
  let world: AccessWorld;
  let org: { id: string; name: string };
  let other: { id: string; name: string };
  let admin: Principal;
  let person: Principal;

  beforeEach(async () => {
    world = await openAccessWorld(database);
    [org, other] = [await world.organization(), await world.organization()];
    admin = world.signedIn(await world.person([{ id: org.id, role: 'admin' }]));
    person = world.signedIn(await world.person([org, other].map(({ id }) => ({ id, role: 'admin' as const }))));
  });
  afterEach(() => world.end());

  const create = (body: object = {}) =>
    world.tokens.create(person, world.actor(person), { name: 'laptop', expiresInDays: 30, ...body });
  const rotate = async (principal: Principal, id: string, body: object = {}) =>
    world.rotation.rotate(principal, world.actor(principal), await world.tokens.findOwn(principal, id), body);
  const derive = (principal: Principal, id: string) =>
    world.tokens.derive(principal, world.actor(principal), id, { name: 'child' });
  const decide = async (id: string, state: 'approved' | 'denied') =>
    world.organizationTokens.decide(await world.access(admin, org.id), admin, world.actor(admin), id, { state });
  const panic = async (since = '2020-01-01') =>
    world.panic.ofOrganization(await world.access(admin, org.id), admin, world.actor(admin), { since });
  /** The rule that stops it in the organization; undefined where it gets in. */
  const stoppedBy = async (value: string) => {
    const principal = await world.authenticate(value);
    await world.access(principal, other.id);
    const error = await world.access(principal, org.id).catch((caught) => caught);
    return error.details?.rule as string | undefined;
  };

  test('a token that a panic denied does not come back by its rotation', async () => {
    const { value } = await create();
    await panic();
    const next = await rotate(await world.authenticate(value), 'self');
    expect(await stoppedBy(next.value)).toBe('denied');
    const last = await rotate(await world.authenticate(next.value), 'self', { overlapHours: 0 });
    expect(await stoppedBy(last.value)).toBe('denied');
  });

  test.each(['panic', 'admin'])('a denial by %s covers the successor that waits, and what was derived', async (by) => {
    const { token, value: used } = await create();
    const child = await derive(person, token.id);
    const grandchild = await derive(person, child.token.id);
    const sibling = await derive(person, token.id);
    const waiting = await rotate(person, sibling.token.id);
    const next = await rotate(person, token.id);
    // The others were neither made nor used since then.
    world.clock.advance(1_000);
    await world.authenticate(used);
    await (by === 'panic' ? panic(world.clock.now().toISOString()) : decide(token.id, 'denied'));
    // The last one's first use ends all the others.
    for (const { value } of [child, grandchild, waiting, next]) expect(await stoppedBy(value)).toBe('denied');
  });

  test('a denial of a token that a rotation has replaced covers the one in its place', async () => {
    const { token } = await create();
    const { value } = await rotate(person, token.id);
    expect(await stoppedBy(value)).toBeUndefined();
    await decide(token.id, 'denied');
    expect(await stoppedBy(value)).toBe('denied');
  });

  test('what is derived from a denied token is denied', async () => {
    const { token } = await create();
    await decide(token.id, 'denied');
    expect(await stoppedBy((await derive(person, token.id)).value)).toBe('denied');
  });

  test('what a denied token makes is denied where it is, and approved nowhere', async () => {
    const grant = { permissions: ['tokens:write' as const, 'logs:read' as const] };
    const [{ token, value }, { token: sibling }] = [await create({ grant }), await create({ grant })];
    await decide(token.id, 'denied');
    const caller = await world.authenticate(value);
    const asked = { name: 'another', grant, expiresInDays: 30 };
    const made = await world.tokens.create(caller, world.actor(caller), asked);
    expect(await stoppedBy(made.value)).toBe('denied');
    expect(await stoppedBy((await derive(caller, sibling.id)).value)).toBe('denied');
    await world.setPolicy(org.id, { approvalRequired: true });
    await decide(token.id, 'approved');
    const waits = await world.tokens.create(caller, world.actor(caller), asked);
    expect(await stoppedBy(waits.value)).toBe('approvalRequired');
  });

  test.each([
    ['rotates', (caller: Principal, id: string) => rotate(caller, id)],
    ['rotates a second time', (caller: Principal, id: string) => rotate(person, id).then(() => rotate(caller, id))],
    ['derives from', derive],
  ])('what a denied token gets when it %s another, an approved one too, is denied', async (_, obtain) => {
    const grant = { permissions: ['tokens:write' as const, 'logs:read' as const] };
    const [{ token, value }, { token: other }] = [await create({ grant }), await create({ grant })];
    await decide(token.id, 'denied');
    await decide(other.id, 'approved');
    const { value: obtained } = await obtain(await world.authenticate(value), other.id);
    expect(await stoppedBy(obtained)).toBe('denied');
  });

  test.each([
    ['itself', (value: string) => world.authenticate(value)],
    ['by its owner', async () => person],
  ])(
    'a token whose successor a denied one got is rotated again %s, with what was decided about it alone',
    async (_, by) => {
      const grant = { permissions: ['tokens:write' as const, 'logs:read' as const] };
      await world.setPolicy(org.id, { approvalRequired: true });
      const [{ token, value }, { token: honest, value: own }] = [await create({ grant }), await create({ grant })];
      await decide(token.id, 'denied');
      await decide(honest.id, 'approved');
      const lost = await rotate(await world.authenticate(value), honest.id);
      const { value: again } = await rotate(await by(own), honest.id);
      expect(await stoppedBy(again)).toBeUndefined();
      await expect(world.authenticate(lost.value)).rejects.toMatchObject({ status: 401 });
    },
  );

  test('a denial of a token holds for a successor of it that gets another secret', async () => {
    const { token, value } = await create();
    await rotate(person, token.id);
    await decide(token.id, 'denied');
    const again = await rotate(await world.authenticate(value), 'self');
    expect(await stoppedBy(again.value)).toBe('denied');
    expect(await stoppedBy((await rotate(person, again.token.id)).value)).toBe('denied');
  });

  test('a token that is denied nowhere rotates another as it is', async () => {
    const grant = { permissions: ['tokens:write' as const, 'logs:read' as const] };
    const [{ token, value }, { token: other }] = [await create({ grant }), await create({ grant })];
    await decide(token.id, 'approved');
    const caller = await world.authenticate(value);
    expect(await stoppedBy((await rotate(caller, other.id)).value)).toBeUndefined();
  });

  test('the approval of a token holds for its successors and children until it is taken back', async () => {
    await world.setPolicy(org.id, { approvalRequired: true });
    const { token, value } = await create();
    expect(await stoppedBy(value)).toBe('approvalRequired');
    await decide(token.id, 'approved');
    const child = await derive(person, token.id);
    const next = await rotate(person, child.token.id);
    expect(await stoppedBy(next.value)).toBeUndefined();
    await decide(token.id, 'denied');
    expect(await stoppedBy(next.value)).toBe('denied');
    await decide(token.id, 'approved');
    const last = await rotate(person, token.id);
    expect(await stoppedBy(last.value)).toBeUndefined();
  });

  test.each([
    ['successor', (id: string) => rotate(person, id)],
    ['child', (id: string) => derive(person, id)],
  ])('a %s that is made at the moment of the denial is denied', async (_, make) => {
    const { token } = await create();
    const [made, denied] = await atOnce<{ value?: string }>(world, 'token_decision', [
      () => make(token.id),
      () => decide(token.id, 'denied').then(() => ({})),
    ]);
    expect(denied?.status).toBe('fulfilled');
    if (made?.status !== 'fulfilled') throw made?.reason;
    expect(await stoppedBy(made.value.value ?? '')).toBe('denied');
  });

  test('the list of the organization says of each what was decided', async () => {
    const { token } = await create();
    await decide(token.id, 'approved');
    await rotate(person, token.id);
    const listed = await world.organizationTokens.list(await world.access(admin, org.id));
    expect(listed.map(({ decision }) => decision)).toEqual(['approved', 'approved']);
  });
});
